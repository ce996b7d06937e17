// Check the types of the mini-program, of its Alipay variant and of the tests, and compile them to build/;
// nothing is written where a type does not fit. What needs no compiling is copied.
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
