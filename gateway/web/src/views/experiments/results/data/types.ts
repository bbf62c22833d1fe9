/** The results as the API gives them, with what older releases left out filled in. */
import type { Schemas } from "../../../../api/client";

type PartialResults = Schemas["PartialExperimentResults"];
type Always = "definition" | "digest" | "alphas";

/** Results as they are stored: complete or partial, and of any release. */
export type Stored = Pick<PartialResults, Always> & Partial<Omit<PartialResults, Always>>;
export type Arm = Schemas["Arm"];
export type AnyArm = Arm | Schemas["MissingArm"];
export type Estimate = Schemas["Estimate"];
export type Side = "real" | "synthetic";
export const SIDES: readonly Side[] = ["real", "synthetic"];

/** Results of any release: complete or partial, of definition 1 or 2. */
export interface Results {
  readonly definition: string;
  readonly digest: string;
  readonly alphas: readonly AnyArm[];
  readonly nested: readonly AnyArm[];
  readonly unseen: Schemas["Unseen"] | Schemas["PartialUnseen"] | null;
  readonly controls: readonly Schemas["ControlArm"][];
  readonly floors: Schemas["NoiseFloors"] | null;
  readonly size: readonly Schemas["SizeEffect"][];
  readonly byVolume: Schemas["VolumeQuintiles"] | null;
  readonly twins: Schemas["TwinSummary"] | null;
  readonly recommendation: Schemas["Recommendation"] | null;
  readonly curve: Schemas["AlphaCurve"] | null;
  readonly claims: readonly Schemas["Claim"][] | null;
  readonly missing: Schemas["MissingParts"] | null;
  readonly provenance: Schemas["Provenance"] | null;
}

/** Read stored results; keys that an older release lacks are empty, and never fail a view. */
export function readResults(stored: Stored): Results {
  return {
    definition: stored.definition,
    digest: stored.digest,
    alphas: stored.alphas,
    nested: stored.nested ?? [],
    unseen: stored.unseen ?? null,
    controls: stored.controls ?? [],
    floors: stored.floors ?? null,
    size: stored.size ?? [],
    byVolume: stored.by_volume ?? null,
    twins: stored.twins ?? null,
    recommendation: stored.recommendation ?? null,
    curve: stored.curve ?? null,
    claims: stored.claims ?? null,
    missing: stored.missing ?? null,
    provenance: stored.provenance ?? null,
  };
}

/** Whether an α was trained and scored at all. */
export function isThere(arm: AnyArm): arm is Arm {
  return arm.trust !== null;
}

/** The regions that were scored, in the paper's order. */
export function regionsOf(arms: readonly AnyArm[]): readonly string[] {
  const order = ["ET", "ED", "NCR", "TC", "WT"];
  const found = arms.find(isThere)?.trust.regions ?? [];
  const known = order.filter((name) => found.includes(name));
  return [...known, ...found.filter((name) => !order.includes(name))];
}
