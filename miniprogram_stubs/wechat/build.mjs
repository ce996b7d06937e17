// Compile the mini-program and its tests, types checked, to build/; copy what needs no compiling.
import { execFileSync } from 'node:child_process'
import { cpSync, rmSync } from 'node:fs'
import { fileURLToPath } from 'node:url'

const here = fileURLToPath(new URL('.', import.meta.url))
const tsc = `${here}node_modules/typescript/bin/tsc`

rmSync(`${here}build`, { recursive: true, force: true })
for (const project of ['.', 'tests', '../alipay']) {
  execFileSync(process.execPath, [tsc, '-p', here + project], { stdio: 'inherit' })
}
cpSync(`${here}miniprogram`, `${here}build/miniprogram`, { recursive: true, filter: (path) => !path.endsWith('.ts') })
