import { words } from "./words"

import type { components } from "@/api/schema"
import { texts } from "@/i18n"

export type Matter = components["schemas"]["Matter"]
/** A name and what is known under it; null: nobody has published it. */
export type Fact = [name: string, value: string | null]

const t = texts(
  {
    department: "负责部门",
    item: "办理项",
    theme: "所属主题",
    audience: "服务对象",
    person: "个人",
    organisation: "单位",
    levels: "办理层级",
    level: (n: number) => ["国家级", "省级", "市级", "县级", "乡镇", "村级"][n - 1] ?? String(n),
    type: "事项类型",
    handling: "办理方式",
    visits: "到现场次数",
    promise: "承诺时限",
    legal: "法定时限",
    sample: "参考值，部门尚未确认",
    also: "也叫",
    base: "基本编码",
    implementation: "实施编码",
    transact: "业务编码",
    origin: "来源",
    hubei: "湖北省政务服务事项",
    document: "政策文件列名",
    list: "县级事项清单",
    known: "通行事项，名称以部门公布为准",
    comma: "、",
  },
  {
    department: "Department",
    item: "Item",
    theme: "Theme",
    audience: "For",
    person: "persons",
    organisation: "organisations",
    levels: "Handled at",
    level: (n: number) => ["state", "province", "city", "county", "town", "village"][n - 1] ?? String(n),
    type: "Kind",
    handling: "Handling",
    visits: "Visits in person",
    promise: "Promised within",
    legal: "Legal limit",
    sample: "for orientation, not confirmed by the department",
    also: "Also called",
    base: "Base code",
    implementation: "Implementation code",
    transact: "Transact code",
    origin: "Source",
    hubei: "Item of Hubei province",
    document: "Named in a policy document",
    list: "List of a county",
    known: "Well-known matter; the department's name for it may differ",
    comma: ", ",
  },
)

/** What people want to know of a matter, under the heading `theme`. */
export function factsOf(matter: Matter, theme: string | null): Fact[] {
  const say = t.value
  const sample = matter.days_origin === "sample" ? `（${say.sample}）` : ""
  const days = (n: number | null): string | null => (n === null ? null : words.value.days(n) + sample)
  const item: Fact[] = matter.item_name ? [[say.item, matter.item_name]] : []
  const also: Fact[] = matter.aliases.length ? [[say.also, matter.aliases.map(({ name }) => name).join(say.comma)]] : []
  return [
    [say.department, matter.department],
    ...item,
    [say.theme, theme],
    [say.audience, matter.audience.map((who) => say[who]).join(say.comma)],
    [say.levels, matter.levels.map(say.level).join(say.comma)],
    [say.type, matter.matter_type],
    [say.handling, matter.handling],
    [say.visits, matter.visits === null ? null : words.value.visits(matter.visits)],
    [say.promise, days(matter.promise_days)],
    [say.legal, days(matter.legal_days)],
    ...also,
  ]
}

/** Its codes, and where it comes from. */
export function codesOf({ codes, origin }: Matter): Fact[] {
  const say = t.value
  return [
    [say.base, codes.base],
    [say.implementation, codes.implementation],
    [say.transact, codes.transact],
    [say.origin, say[origin]],
  ]
}
