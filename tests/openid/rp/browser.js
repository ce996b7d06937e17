// A person on the provider's pages: plain links and forms, no script.

export class Browser {
  constructor(stubs, phone) {
    this.stubs = stubs;
    this.phone = phone;
    this.cookies = new Map();
  }

  // From the authorisation request to the address the site is called back at.
  async signIn(address, callback) {
    let page = await this.follow(address, callback);
    if (page.text?.includes('name="phone"')) {
      page = await this.press(page, callback, { step: "phone", phone: this.phone });
      page = await this.press(page, callback, { step: "code", code: await this.code() });
    }
    if (page.text?.includes('name="scope"')) {
      const scopes = [...page.text.matchAll(/name="scope" value="(\w+)"/g)].map((found) => found[1]);
      page = await this.press(page, callback, { step: "consent", scope: scopes });
    }
    if (!page.left) throw new Error(`stuck at ${page.address}: ${page.text}`);
    return page.left;
  }

  async follow(address, callback, options = {}) {
    const cookie = [...this.cookies].map(([name, value]) => `${name}=${value}`).join("; ");
    const headers = { ...options.headers, cookie };
    const answer = await fetch(address, { ...options, headers, redirect: "manual" });
    for (const line of answer.headers.getSetCookie()) {
      const [, name, value] = line.match(/^([^=]+)=([^;]*)/);
      this.cookies.set(name, value);
    }
    const where = answer.headers.get("location");
    if (!where) return { address, text: await answer.text(), status: answer.status };
    const next = new URL(where, address);
    if (callback && next.href.startsWith(callback)) return { left: next };
    return this.follow(next.href, callback);
  }

  press(page, callback, fields) {
    const body = new URLSearchParams({ csrf: page.text.match(/name="csrf" value="([^"]+)"/)[1] });
    for (const [name, value] of Object.entries(fields)) {
      for (const one of [value].flat()) body.append(name, one);
    }
    return this.follow(page.address, callback, { method: "POST", body });
  }

  // The text message is sent by a job; it may take a moment.
  async code() {
    const since = Date.now() - 5_000;
    for (let tries = 0; tries < 100; tries += 1) {
      const answer = await fetch(`${this.stubs}/sms/messages?phone=${this.phone}`);
      const [message] = await answer.json();
      if (message?.code && Date.parse(message.sent_at) > since) return message.code;
      await new Promise((resolve) => setTimeout(resolve, 100));
    }
    throw new Error("no text message");
  }
}
