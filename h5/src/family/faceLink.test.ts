import { beforeEach, expect, test, vi } from "vitest"

import { forgetFaceLink, keepFaceLink, keptFaceLink, pathOf } from "./faceLink"

import { memory } from "@/api/memory.fixture"

beforeEach(() => {
  vi.stubGlobal("sessionStorage", memory())
})

const begun = { result: "R", page: "https://faceid.qq.com/h5", until: 2_000 }

test("a check that was begun is found again after the provider's page", () => {
  keepFaceLink({ token: "A", begun })
  expect(keptFaceLink(1_000)).toEqual({ token: "A", begun })
})

test("a check whose time is over must begin anew", () => {
  keepFaceLink({ token: "A", begun })
  expect(keptFaceLink(2_000)).toEqual({ token: "A" })
})

test("another link begins without the check of the one before", () => {
  keepFaceLink({ token: "A", begun })
  keepFaceLink({ token: "B" })
  expect(keptFaceLink(1_000)).toEqual({ token: "B" })
})

test("nothing is left of a link that was answered, nor taken from what somebody wrote there", () => {
  keepFaceLink({ token: "A" })
  forgetFaceLink()
  expect(keptFaceLink()).toBeNull()
  sessionStorage.setItem("huiban.face-link", '{"token": 5}')
  expect(keptFaceLink()).toBeNull()
})

test("a link's path in this app is what follows the #", () => {
  expect(pathOf("https://huiban.example/app/#/confirm-by-face/A-_b")).toBe("/confirm-by-face/A-_b")
})
