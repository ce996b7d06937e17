// A relying party on the certified library `openid-client`, unchanged. Prints what it learnt as JSON.

import { createServer } from "node:http";
import { createRemoteJWKSet, importJWK, jwtVerify } from "jose";
import * as client from "openid-client";
import { Browser } from "./browser.js";

const { ISSUER, STUBS, PHONE, CLIENT_ID, SECRET, KEY, CALLBACK, LISTEN, SCOPE, ACR } = process.env;
const issuer = new URL(ISSUER);
const told = {};

async function authentication() {
  if (KEY) {
    const { kid, ...jwk } = JSON.parse(KEY);
    return client.PrivateKeyJwt({ key: await importJWK(jwk, "ES256"), kid });
  }
  return SECRET ? client.ClientSecretBasic(SECRET) : client.None();
}

const options = { execute: [client.allowInsecureRequests] };
const config = await client.discovery(issuer, CLIENT_ID, {}, await authentication(), options);
const browser = new Browser(STUBS, PHONE);

async function begin(extra = {}) {
  const verifier = client.randomPKCECodeVerifier();
  const checks = {
    pkceCodeVerifier: verifier,
    expectedState: client.randomState(),
    expectedNonce: client.randomNonce(),
    idTokenExpected: true,
  };
  const address = client.buildAuthorizationUrl(config, {
    redirect_uri: CALLBACK,
    scope: SCOPE,
    state: checks.expectedState,
    nonce: checks.expectedNonce,
    code_challenge: await client.calculatePKCECodeChallenge(verifier),
    code_challenge_method: "S256",
    ...extra,
  });
  return { back: await browser.signIn(address.href, CALLBACK), checks };
}

async function signIn(extra = {}) {
  const { back, checks } = await begin(extra);
  return { back, checks, tokens: await client.authorizationCodeGrant(config, back, checks) };
}

const { back, checks, tokens } = await signIn(ACR ? { acr_values: ACR, max_age: "3600" } : {});
const claims = tokens.claims();
told.claims = claims;
told.same_nonce = claims.nonce === checks.expectedNonce;
told.userinfo = await client.fetchUserInfo(config, tokens.access_token, claims.sub);

if (tokens.refresh_token) {
  const next = await client.refreshTokenGrant(config, tokens.refresh_token);
  told.refreshed = next.refresh_token !== tokens.refresh_token;
  told.after_refresh = await client.fetchUserInfo(config, next.access_token, claims.sub);
}
if (SECRET || KEY) {
  told.introspected = await client.tokenIntrospection(config, tokens.access_token);
}
await client.tokenRevocation(config, tokens.access_token);
told.after_revocation = await client
  .fetchUserInfo(config, tokens.access_token, claims.sub)
  .then(() => "answered", (error) => error.cause?.parameters?.error ?? error.error ?? error.code);
told.replayed = await client
  .authorizationCodeGrant(config, back, checks)
  .then(() => "accepted", (error) => error.error);

// An answer to another sign-in than the one this site began.
const other = await begin({ prompt: "none" });
told.other_nonce = await client
  .authorizationCodeGrant(config, other.back, { ...other.checks, expectedNonce: client.randomNonce() })
  .then(() => "accepted", (error) => error.cause?.message ?? error.message);

// A second sign-in in the same browser needs no page; then the site signs the person out.
const again = await signIn({ prompt: "none" });
told.silent = again.tokens.claims().sub === claims.sub;
if (LISTEN) {
  const jwks = createRemoteJWKSet(new URL(config.serverMetadata().jwks_uri));
  const logout = new Promise((resolve) => {
    const server = createServer(async (request, response) => {
      let body = "";
      for await (const chunk of request) body += chunk;
      const token = new URLSearchParams(body).get("logout_token");
      const verified = await jwtVerify(token, jwks, {
        issuer: ISSUER,
        audience: CLIENT_ID,
        typ: "logout+jwt",
      });
      response.writeHead(204).end();
      server.close();
      resolve(verified.payload);
    }).listen(Number(LISTEN), "127.0.0.1");
  });
  const out = client.buildEndSessionUrl(config, {
    id_token_hint: again.tokens.id_token,
    post_logout_redirect_uri: CALLBACK,
    state: "signed out",
  });
  told.left = (await browser.follow(out.href, CALLBACK)).left.search;
  told.logout = await logout;
  told.same_session = told.logout.sid === again.tokens.claims().sid;
}
console.log(JSON.stringify(told));
