/** The form of a new experiment as it is typed, and the request that it makes. Pure functions. */
import type { FieldProblem, Schemas } from "../../../api/client";
import { texts } from "../../../texts";
import { readParts } from "../../../ui/lists";

export type Spec = Schemas["ExperimentSpec"];
export type Control = NonNullable<Spec["controls"]>[number];

export const ALPHA_PRESETS = {
  three: "0, 0.5, 1",
  five: "0, 0.25, 0.5, 0.75, 1",
  eleven: "0, 0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 1",
} as const;

export const CONTROLS = [
  "real_only",
  "augmentation_only",
  "real_plus_twins",
  "shuffled_masks",
] as const satisfies readonly Control[];

/** What stands in the fields. An empty text leaves the choice to the platform. */
export interface Draft {
  readonly dataset: string;
  readonly alphas: string;
  readonly seeds: string;
  readonly mixing: "disjoint" | "independent";
  readonly model: string;
  readonly sampler: "" | Schemas["Sampling"]["sampler"];
  readonly steps: string;
  readonly twins: string;
  readonly generatorSeed: string;
  readonly preset: Schemas["SegmenterChoice"]["preset"];
  readonly iterations: string;
  readonly start: string;
  readonly split: "random" | "explicit";
  readonly testFraction: string;
  readonly validationFraction: string;
  readonly splitSeed: string;
  readonly train: string;
  readonly validation: string;
  readonly test: string;
  readonly controls: readonly Control[];
  readonly name: string;
  readonly tags: string;
  readonly priority: string;
}

export type SetDraft = <Key extends keyof Draft>(key: Key, value: Draft[Key]) => void;

export function newDraft(dataset: string): Draft {
  return {
    dataset,
    alphas: ALPHA_PRESETS.three,
    seeds: "0",
    mixing: "disjoint",
    model: "",
    sampler: "",
    steps: "",
    twins: "1",
    generatorSeed: "0",
    preset: "tiny",
    iterations: "",
    start: "",
    split: "random",
    testFraction: "0.3",
    validationFraction: "0.07",
    splitSeed: "0",
    train: "",
    validation: "",
    test: "",
    controls: [],
    name: "",
    tags: "",
    priority: "0",
  };
}

export interface Request {
  readonly spec: Spec;
  /** What cannot be sent at all. Whether a number is possible is for the API to say. */
  readonly errors: readonly FieldProblem[];
}

export function toRequest(draft: Draft): Request {
  const read = new Reader();
  const spec: Spec = {
    dataset: read.chosen(draft.dataset, "/dataset", texts.newExperiment.chooseDataset),
    alphas: read.numbers(draft.alphas, "/alphas"),
    seeds: read.numbers(draft.seeds, "/seeds"),
    mixing: draft.mixing,
    generator: {
      model: draft.model || "tiny", // what the platform takes by itself
      ...(draft.sampler && { sampler: draft.sampler }),
      ...(draft.steps.trim() && { steps: read.whole(draft.steps, "/generator/steps") }),
      twins: read.whole(draft.twins, "/generator/twins"),
      seed: read.whole(draft.generatorSeed, "/generator/seed"),
    },
    segmenter: {
      preset: draft.preset,
      overrides: {},
      probabilities: false,
      ...(draft.iterations.trim() && {
        iterations: read.whole(draft.iterations, "/segmenter/iterations"),
      }),
      ...(draft.start && { start: draft.start }),
    },
    split: draft.split === "random" ? randomSplit(draft, read) : explicitSplit(draft, read),
    controls: [...draft.controls],
    tags: readParts(draft.tags),
    priority: read.whole(draft.priority, "/priority"),
    ...(draft.name.trim() && { name: draft.name.trim() }),
  };
  return { spec, errors: read.errors };
}

function randomSplit(draft: Draft, read: Reader): Schemas["RandomSplit"] {
  return {
    test_fraction: read.number(draft.testFraction, "/split/test_fraction"),
    validation_fraction: read.number(draft.validationFraction, "/split/validation_fraction"),
    seed: read.whole(draft.splitSeed, "/split/seed"),
  };
}

function explicitSplit(draft: Draft, read: Reader): Schemas["ExplicitSplit"] {
  return {
    train: read.cases(draft.train, "/split/train"),
    validation: words(draft.validation),
    test: read.cases(draft.test, "/split/test"),
  };
}

/** Reads fields, and collects what cannot be read. */
class Reader {
  readonly errors: FieldProblem[] = [];

  chosen(value: string, pointer: string, missing: string): string {
    if (!value) this.refuse(pointer, missing);
    return value;
  }

  number(text: string, pointer: string): number {
    const word = text.trim();
    if (!word) this.refuse(pointer, texts.newExperiment.needed);
    else if (Number.isNaN(Number(word))) this.refuse(pointer, texts.newExperiment.notNumber(word));
    return Number(word);
  }

  whole(text: string, pointer: string): number {
    const value = this.number(text, pointer);
    if (!Number.isNaN(value) && !Number.isInteger(value)) {
      this.refuse(pointer, texts.newExperiment.notWhole(text.trim()));
    }
    return value;
  }

  numbers(text: string, pointer: string): number[] {
    const found = words(text);
    if (!found.length) this.refuse(pointer, texts.newExperiment.empty);
    const wrong = found.find((word) => Number.isNaN(Number(word)));
    if (wrong !== undefined) this.refuse(pointer, texts.newExperiment.notNumbers(wrong));
    return found.map(Number);
  }

  cases(text: string, pointer: string): string[] {
    const found = words(text);
    if (!found.length) this.refuse(pointer, texts.newExperiment.noCases);
    return found;
  }

  private refuse(pointer: string, detail: string): void {
    this.errors.push({ pointer, detail });
  }
}

function words(text: string): string[] {
  return text.split(/[\s,;]+/).filter(Boolean);
}

/** Which preset a list is, if any; written otherwise it is the same list. */
export function presetOf(alphas: string): keyof typeof ALPHA_PRESETS | "own" {
  const same = (list: string) =>
    words(list).map(Number).join() === words(alphas).map(Number).join();
  const found = (Object.keys(ALPHA_PRESETS) as (keyof typeof ALPHA_PRESETS)[]).find((name) =>
    same(ALPHA_PRESETS[name]),
  );
  return found ?? "own";
}
