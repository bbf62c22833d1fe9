import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { Problem } from "../src/api/problem";
import type { Experiment } from "../src/views/experiments/names";
import { Watch } from "../src/views/experiments/run/live";

class Source {
  static opened: Source[] = [];
  closed = false;
  onerror: (() => void) | undefined;
  private told: ((event: { data: string }) => void) | undefined;

  constructor(readonly address: string) {
    Source.opened.push(this);
  }
  addEventListener(_name: string, told: (event: { data: string }) => void) {
    this.told = told;
  }
  send(state: string) {
    this.told?.({ data: JSON.stringify({ id: "e", state }) });
  }
  close() {
    this.closed = true;
  }
  static get open() {
    return Source.opened.filter(({ closed }) => !closed).length;
  }
}

let answers: (string | Problem)[];
let seen: string[];
let asked: number;

beforeEach(() => {
  vi.useFakeTimers();
  vi.stubGlobal("EventSource", Source);
  Source.opened = [];
  [answers, seen, asked] = [[], [], 0];
});

afterEach(() => {
  vi.useRealTimers();
  vi.unstubAllGlobals();
});

async function read(): Promise<Experiment> {
  asked += 1;
  const answer = answers.shift() ?? "running";
  if (answer instanceof Problem) throw answer;
  return { id: "e", state: answer } as Experiment;
}

function watch(): Watch {
  const onState = ({ state }: Experiment) => void seen.push(state);
  return new Watch("e", { read, onState, onProblem: () => undefined });
}

test("an experiment is followed by events, and by nothing more once it has ended", async () => {
  await watch().look();
  Source.opened[0]?.send("succeeded");
  await vi.advanceTimersByTimeAsync(600_000);
  expect(seen).toEqual(["running", "succeeded"]);
  expect([asked, Source.open]).toEqual([1, 0]);
});

test("where events fail the page asks, and then listens again", async () => {
  await watch().look();
  answers = [new Problem(0, "", "no server"), "paused"];
  Source.opened[0]?.onerror?.();
  await vi.advanceTimersByTimeAsync(3_000);
  expect(seen).toEqual(["running"]);
  await vi.advanceTimersByTimeAsync(3_000);
  expect(seen).toEqual(["running", "paused"]);
  expect(Source.open).toBe(1);
});

test("events that a proxy holds back are made up for by asking", async () => {
  await watch().look();
  answers = ["paused"];
  await vi.advanceTimersByTimeAsync(60_000);
  expect(seen).toEqual(["running", "paused"]);
  expect(Source.open).toBe(1);
});

test("a page that is left listens and asks no more", async () => {
  const own = watch();
  await own.look();
  own.stop();
  await vi.advanceTimersByTimeAsync(600_000);
  expect([asked, Source.open]).toEqual([1, 0]);
});

test("an experiment that is gone is not asked for again", async () => {
  answers = [new Problem(404, "", "There is none.")];
  await watch().look();
  await vi.advanceTimersByTimeAsync(600_000);
  expect([asked, Source.opened.length]).toEqual([1, 0]);
});

test("a page open for 15 minutes keeps one connection and one state", async () => {
  await watch().look();
  for (let minute = 0; minute < 15; minute += 1) {
    for (let second = 0; second < 60; second += 1) Source.opened.at(-1)?.send("running");
    if (minute % 5 === 0) Source.opened.at(-1)?.onerror?.();
    await vi.advanceTimersByTimeAsync(60_000);
    expect(Source.open).toBe(1);
    expect(vi.getTimerCount()).toBe(1);
  }
});
