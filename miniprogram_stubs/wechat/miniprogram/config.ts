import type { Config } from './core/huiban'

/** The demonstration's. In production: the HTTPS address registered with WeChat, and the templates granted there. */
export const config: Config = {
  api: 'http://127.0.0.1:8000',
  templates: [
    'HuibanDemoTemplatePaymentReceipt00000000001',
    'HuibanDemoTemplatePaymentPeriod000000000002',
    'HuibanDemoTemplateServiceNotice000000000003',
  ],
}
