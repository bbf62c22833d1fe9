/** From the files that claim the roles of one case to the case, or every reason why it is none. */
import { texts } from "../../../../texts";
import type { Flaws } from "./flaws";
import { type Leaf, printable } from "./folders";
import { NEEDED, ROLES, type Role, stemOf } from "./names";
import type { CaseFiles } from "./outcomes";

const SHOWN = 8;
const { reasons } = texts.upload;

/** Every file that its name makes a role's. */
export type Claims = ReadonlyMap<Role, readonly Leaf[]>;

/** Why a case cannot be sent, as what follows its name. */
export class UnfitCase extends Error {}

/**
 * Choose the file of each role; throws `UnfitCase` with every reason why one cannot be sent.
 * `others` is what else lies there, `expected` what the file of a role would be called.
 */
export function chooseFiles(
  claims: Claims,
  others: readonly Leaf[],
  expected: (role: Role) => string,
  flaws: Flaws,
): CaseFiles {
  const wrong = [
    ...missing(claims, others, expected),
    ...claimedTwice(claims),
    ...[...claims.values()].flat().flatMap((leaf) => {
      const flaw = flaws.of(leaf);
      return flaw ? [reasons.flawed(printable(leaf.name), flaw)] : [];
    }),
  ];
  if (wrong.length) throw new UnfitCase(wrong.join("; "));
  return Object.fromEntries(
    ROLES.flatMap((role) => {
      const file = claims.get(role)?.[0]?.file;
      return file ? [[role, file]] : [];
    }),
  );
}

export function claim(claims: Map<Role, Leaf[]>, role: Role, leaf: Leaf): void {
  const known = claims.get(role);
  if (known) known.push(leaf);
  else claims.set(role, [leaf]);
}

/** The names of files, of many only the first. */
export function namesOf(leaves: readonly Leaf[]): string {
  const named = leaves
    .slice(0, SHOWN)
    .map(({ name }) => printable(name))
    .join(", ");
  return leaves.length > SHOWN ? reasons.andMore(named, leaves.length - SHOWN) : named;
}

function missing(
  claims: Claims,
  others: readonly Leaf[],
  expected: (role: Role) => string,
): string[] {
  const roles = NEEDED.filter((role) => !claims.has(role));
  if (!roles.length) return [];
  const volumes = others.filter(({ name }) => stemOf(name) !== undefined);
  const beside = namesOf(volumes.length ? volumes : others);
  const said = reasons.lacks(roles.join(", "), roles.map(expected).join(", "));
  return [beside ? said + reasons.beside(beside) : said];
}

function claimedTwice(claims: Claims): string[] {
  return [...claims].flatMap(([role, leaves]) =>
    leaves.length > 1
      ? [reasons.claimedTwice(role, leaves.map(({ name }) => printable(name)).join(", "))]
      : [],
  );
}
