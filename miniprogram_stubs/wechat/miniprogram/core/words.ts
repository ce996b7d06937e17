import type { Schemas } from './api'

/** Whole fen as yuan: 40000 → ¥400.00 */
export function yuan(money: Schemas['Money']): string {
  const fen = money.amount
  return `¥${Math.floor(fen / 100)}.${String(fen % 100).padStart(2, '0')}`
}

/** China has one time zone, whatever the phone says. */
const SHANGHAI = 8 * 3600 * 1000

/** 2026-11-22 22:15 */
export function minute(moment: string | number): string {
  return shanghai(moment).slice(0, 16).replace('T', ' ')
}

/** 2026-11-22 */
export function day(moment: string): string {
  return shanghai(moment).slice(0, 10)
}

/** 22:15:03 */
export function clock(moment: number): string {
  return shanghai(moment).slice(11, 19)
}

function shanghai(moment: string | number): string {
  const at = typeof moment === 'number' ? moment : Date.parse(moment)
  return new Date(at + SHANGHAI).toISOString()
}

/** What is known of the effort: 网上可办 · 最多跑 1 次 · 承诺 5 个工作日 */
export function effort(card: Schemas['Card']): string {
  const known = [
    card.online ? '网上可办' : '窗口办理',
    card.visits === null ? '' : card.visits === 0 ? '不用跑' : `最多跑 ${card.visits} 次`,
    card.promise_days === null ? '' : `承诺 ${card.promise_days} 个工作日`,
  ]
  return known.filter(Boolean).join(' · ')
}

export const SCHEMES: Record<string, string> = {
  resident_medical: '城乡居民基本医疗保险',
  resident_pension: '城乡居民基本养老保险',
  flexible_employment: '灵活就业人员社会保险',
}

export const BILL_STATUS: Record<Schemas['BillItem']['status'], string> = {
  payable: '待缴费',
  paid: '已缴费',
  expired: '已过缴费期',
}

export const ORDER_STATUS: Record<Schemas['OrderAnswer']['status'], string> = {
  awaiting_payment: '待支付',
  paid: '已支付，等待部门入账',
  settled: '已办结，部门已入账',
  closed: '已关闭',
  held: '需人工核查，请勿重复支付',
}

export const CATEGORIES: Record<Schemas['NoticeItem']['category'], string> = {
  payment: '缴费',
  expiry: '证件到期',
  period: '办理期限',
  case: '办件进度',
  security: '账号安全',
  health_code: '健康码',
  suggestion: '服务推荐',
}

export const SYMPTOMS: Record<Schemas['DeclarationRequest']['symptoms'][number], string> = {
  fever: '发热',
  cough: '咳嗽',
  sore_throat: '咽痛',
  breathlessness: '气促',
  chest_tightness: '胸闷',
  diarrhoea: '腹泻',
  conjunctivitis: '结膜炎',
  loss_of_smell_or_taste: '嗅觉或味觉减退',
  fatigue: '乏力',
  headache: '头痛',
  muscle_ache: '肌肉酸痛',
  nausea: '恶心',
  runny_nose: '流涕',
}

export const CONTACTS: Record<Schemas['DeclarationRequest']['contact'], string> = {
  no: '没有接触',
  yes: '有接触',
  unknown: '不清楚',
}

export const RISK_AREAS: Record<Schemas['DeclarationRequest']['risk_area'], string> = {
  low: '低风险地区',
  medium: '中风险地区',
  high: '高风险地区',
}

export const COLOURS: Record<Schemas['ScanVerdict']['colour'], string> = {
  green: '绿码',
  yellow: '黄码',
  red: '红码',
  unknown: '无法确认',
}

export const VERDICTS: Record<Schemas['ScanVerdict']['verdict'], string> = {
  pass: '可以通行',
  check: '请先核对',
  refuse: '暂不放行',
}

/** What the staff does next. */
export const ACTIONS: Record<Schemas['ScanVerdict']['action'], string> = {
  none: '无需其他操作。',
  refresh: '请对方刷新健康码后重新扫码。',
  compare_id: '请核对身份证件上的姓名与下方姓名是否一致。',
  supervisor: '请礼貌地请对方稍候，并联系现场负责人。',
}

export const DOOR_REASONS: Record<Schemas['ScanVerdict']['reasons'][number], string> = {
  colour: '健康码颜色',
  expired: '码已过期',
  bad_signature: '签名无效，不是本平台签发的码',
  unknown_key: '无法识别的签发密钥',
  revoked: '码已作废',
  changed: '状态已变化',
  malformed: '不是健康码',
}
