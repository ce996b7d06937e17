import type { components, paths } from '../../typings/api'
import type { Incoming, Outgoing, Platform } from './platform'
import type { Session } from './session'
import { success } from './wire'

/** The shapes of the OpenAPI document. */
export type Schemas = components['schemas']

type Method = Lowercase<Outgoing['method']>
type Offering<M extends Method> = { [P in keyof paths]: paths[P] extends Record<M, object> ? P : never }[keyof paths]
type Operation<M extends Method, P extends keyof paths> = paths[P] extends Record<M, infer O> ? O : never
type Json<R> = R extends { content: { 'application/json': infer B } } ? B : undefined
type Success<O> = O extends { responses: infer R } ? Json<R[keyof R & (200 | 201 | 202 | 204)]> : never
type Parameter<O, K extends string> = O extends { parameters: Partial<Record<K, infer V>> } ? NonNullable<V> : never

interface Given<O> {
  path?: Parameter<O, 'path'>
  query?: Parameter<O, 'query'>
  header?: Record<string, string>
  body?: O extends { requestBody: infer B } ? Json<B> : never
}

/** Calls of the backend as its OpenAPI document has them; on a refused token the session is renewed once. */
export class Api {
  constructor(
    private readonly platform: Platform,
    private readonly base: string,
    private readonly session: Session,
  ) {}

  /** The JSON of a success. Rejects with `Problem` or `Unreachable`. */
  async call<M extends Method, P extends Offering<M>>(
    method: M,
    path: P,
    given: Given<Operation<M, P>> = {},
  ): Promise<Success<Operation<M, P>>> {
    return success(await this.ask(method, path, given)) as Success<Operation<M, P>>
  }

  /**
   * The answer whatever its status: for those who know more than success, as 304. Rejects with `Unreachable`, and
   * with `Problem` when somebody signed in or out meanwhile: what one person began is not finished for another.
   */
  async ask<M extends Method, P extends Offering<M>>(
    method: M,
    path: P,
    given: Given<Operation<M, P>> = {},
  ): Promise<Incoming> {
    const request: Outgoing = {
      method: method.toUpperCase() as Outgoing['method'],
      url: this.base + address(path as string, given.path, given.query),
      headers: { 'accept-language': 'zh-CN', ...given.header },
      ...(given.body !== undefined && { body: given.body }),
    }
    const within = this.session.within()
    const token = await within(this.session.token())
    if (token === null) return this.platform.send(bearing(request, null))
    const answer = await within(this.platform.send(bearing(request, token)))
    if (answer.status !== 401) return answer
    const renewed = await within(this.session.renew(token))
    return renewed === null ? answer : within(this.platform.send(bearing(request, renewed)))
  }
}

function bearing(request: Outgoing, token: string | null): Outgoing {
  const headers = { ...request.headers }
  if (request.body !== undefined) headers['content-type'] = 'application/json'
  if (token !== null) headers['authorization'] = `Bearer ${token}`
  return { ...request, headers }
}

function address(template: string, path: object = {}, query: object = {}): string {
  const values = new Map(Object.entries(path))
  const filled = template.replace(/\{(\w+)\}/g, (_, name: string) => encodeURIComponent(String(values.get(name))))
  const asked = Object.entries(query).filter(([, value]) => value !== undefined && value !== null && value !== '')
  if (asked.length === 0) return filled
  return `${filled}?${asked.map(([name, value]) => `${name}=${encodeURIComponent(String(value))}`).join('&')}`
}
