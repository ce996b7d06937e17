/** What this page signs in for: a resident's own business, or codes at a door. */
export const use = globalThis.location?.pathname.startsWith("/scanner/") ? "verifier" : "citizen"

/** Names of what is kept in the browser begin so: a door and a resident may share one. */
export const KEPT = use === "verifier" ? "huiban.scanner." : "huiban."
