/** What an nnU-Net `dataset.json` says of its channels and labels, in words that are known. */
import { texts } from "../../../../texts";
import { UnfitCase } from "./claims";
import { MODALITIES, type Role } from "./names";
import type { Scheme } from "./outcomes";

export const MEANING_FILE = "dataset.json";
const { nnunet: said } = texts.upload;

const CHANNELS = byName<Role>({
  t1: ["t1", "t1n", "t1w"],
  t1ce: ["t1ce", "t1c", "t1gd"],
  t2: ["t2", "t2w"],
  flair: ["flair", "t2f", "t2flair"],
});
const ENHANCING = ["et", "enhancing", "enhancingtumor"];
const REGIONS = byName<string>({
  ET: ENHANCING,
  ED: ["ed", "edema", "oedema", "peritumoraledema", "snfh"],
  NCR: [
    ...["ncr", "netc", "necrosis", "necroticcore", "necrotictumorcore"],
    ...["net", "nonenhancing", "nonenhancingtumor", "nonenhancingtumorcore"],
  ],
});
const NESTED = byName<string>({
  WT: ["wholetumor", "wt"],
  TC: ["tumorcore", "tc"],
  ET: ENHANCING,
});

/** The role of each channel, and what the label values mean (nothing: as the reader says). */
export interface Meaning {
  readonly roles: ReadonlyMap<number, Role>;
  readonly scheme: Scheme | undefined;
}

type Labels = Readonly<Record<string, readonly number[]>>;

/** Read the text of a dataset.json. Its labels count where the reader leaves them to the files. */
export function readMeaning(text: string, scheme: Scheme): Meaning {
  const body = parse(text);
  const roles = rolesIn(body);
  return { roles, scheme: scheme === "auto" ? schemeIn(body) : undefined };
}

function parse(text: string): Record<string, unknown> {
  let body: unknown;
  try {
    body = JSON.parse(text.replace(/^\uFEFF/, ""));
  } catch {
    throw new UnfitCase(said.noJson);
  }
  if (!isObject(body)) throw new UnfitCase(said.noObject);
  const ending = body.file_ending ?? ".nii.gz";
  if (ending !== ".nii.gz" && ending !== ".nii") throw new UnfitCase(said.ending(String(ending)));
  return body;
}

function rolesIn(body: Record<string, unknown>): Map<number, Role> {
  const channels = body.channel_names ?? body.modality;
  if (!isObject(channels) || !Object.keys(channels).every(isNumber)) {
    throw new UnfitCase(said.noChannels);
  }
  const roles = new Map<number, Role>();
  for (const [number, name] of Object.entries(channels)) {
    const role = CHANNELS.get(plain(name));
    if (role) roles.set(Number(number), role);
  }
  if ([...roles.values()].sort().join() !== [...MODALITIES].sort().join()) {
    const told = Object.entries(channels).map(([n, name]) => `${n.padStart(4, "0")} ${name}`);
    throw new UnfitCase(said.oddChannels(told.join(", ")));
  }
  return roles;
}

function schemeIn(body: Record<string, unknown>): Scheme {
  const labels = valuesIn(body.labels);
  const known = Object.fromEntries(
    Object.entries(labels)
      .map(([name, values]) => [plain(name), values] as const)
      .filter(([name]) => name !== "background"),
  );
  const scheme = Object.keys(known).every((name) => REGIONS.has(name))
    ? regions(known)
    : nested(known);
  if (scheme && Object.keys(scheme).length) return scheme;
  const told = Object.entries(labels).map(([name, values]) => `${name} ${values.join(", ")}`);
  throw new UnfitCase(said.oddLabels(told.join("; ")));
}

/** Label values by name, of both forms: name to value, and of old, value to name. */
function valuesIn(labels: unknown): Labels {
  const found: Record<string, number[]> = {};
  for (const [key, value] of isObject(labels) ? Object.entries(labels) : []) {
    const [name, given] = typeof value === "string" ? [value, [key]] : [key, value];
    const values: unknown[] = Array.isArray(given) ? given : [given];
    if (!values.every((each) => isNumber(String(each)))) {
      throw new UnfitCase(said.oddValue(name, JSON.stringify(given)));
    }
    found[name] = [...(found[name] ?? []), ...values.map(Number)];
  }
  return found;
}

function regions(known: Labels): Record<string, number[]> | undefined {
  const scheme: Record<string, number[]> = {};
  for (const [name, values] of Object.entries(known)) {
    const region = REGIONS.get(name) ?? name;
    scheme[region] = [...(scheme[region] ?? []), ...values];
  }
  const values = Object.values(scheme).flat();
  return new Set(values).size === values.length && !values.includes(0) ? scheme : undefined;
}

/** Regions in regions, as nnU-Net trains BraTS: whole tumour, core, enhancing tumour. */
function nested(known: Labels): Record<string, number[]> | undefined {
  if (!Object.keys(known).every((name) => NESTED.has(name))) return undefined;
  const sets = new Map(
    Object.entries(known).map(([name, values]) => [NESTED.get(name), new Set(values)] as const),
  );
  const [whole, core, enhancing] = ["WT", "TC", "ET"].map((name) => sets.get(name));
  if (sets.size !== 3 || !whole || !core || !enhancing) return undefined;
  if (!isWithin(enhancing, core) || !isWithin(core, whole)) return undefined;
  const without = (outer: Set<number>, inner: Set<number>) =>
    [...outer].filter((value) => !inner.has(value)).sort((a, b) => a - b);
  return {
    NCR: without(core, enhancing),
    ED: without(whole, core),
    ET: [...enhancing].sort((a, b) => a - b),
  };
}

function isWithin(inner: Set<number>, outer: Set<number>): boolean {
  return inner.size < outer.size && [...inner].every((value) => outer.has(value));
}

function byName<Found extends string>(
  names: Partial<Record<Found, readonly string[]>>,
): ReadonlyMap<string, Found> {
  return new Map(
    Object.entries<readonly string[] | undefined>(names).flatMap(([found, all]) =>
      (all ?? []).map((name) => [name, found as Found] as const),
    ),
  );
}

function plain(name: unknown): string {
  return String(name)
    .toLowerCase()
    .replace(/[^a-z0-9]/g, "")
    .replaceAll("tumour", "tumor");
}

function isNumber(text: string): boolean {
  return /^\d+$/.test(text);
}

function isObject(body: unknown): body is Record<string, unknown> {
  return typeof body === "object" && body !== null && !Array.isArray(body);
}
