/** What the search of a folder comes to: each folder is a case, refused, or left out. */
import type { Schemas } from "../../../../api/client";
import type { Role } from "./names";

export type Scheme = Schemas["NewDataset"]["scheme"];
export type CaseFiles = Readonly<Partial<Record<Role, File>>>;

/** A complete case that has no id yet. */
export interface Candidate {
  readonly kind: "candidate";
  /** What it is called: its folder's name, or what its files' names begin with. */
  readonly name: string;
  /** The names that lead to it, the last one its own. */
  readonly path: readonly string[];
  /** The name of the folder that its folder lies in; empty where the browser does not tell. */
  readonly above: string;
  readonly label: string;
  readonly files: CaseFiles;
  readonly ignored: readonly string[];
  readonly scheme?: Scheme;
}

/** Something that is not sent: `label` is where it lies. */
export interface Unfit {
  /** `refused`: a case that cannot be sent as it is. `left-out`: not recognised as one. */
  readonly kind: "refused" | "left-out";
  readonly label: string;
  readonly reason: string;
}

/** Files that are no volumes, as tables and notes beside the cases, and hidden ones. */
export interface NotRead {
  readonly kind: "not-read";
  readonly labels: readonly string[];
  readonly hidden: number;
}

export type Outcome = Candidate | Unfit | NotRead;

/** A case that can be sent. */
export interface FoundCase {
  readonly id: string;
  readonly label: string;
  readonly files: CaseFiles;
  readonly ignored: readonly string[];
  readonly patient?: string;
  readonly scheme?: Scheme;
}

export interface Survey {
  /** The name of the folder that was searched; empty if there were several. */
  readonly name: string;
  readonly cases: readonly FoundCase[];
  readonly unfit: readonly Unfit[];
  readonly notRead: readonly string[];
  readonly hidden: number;
}

export function refused(label: string, reason: string): Unfit {
  return { kind: "refused", label, reason };
}

export function leftOut(label: string, reason: string): Unfit {
  return { kind: "left-out", label, reason };
}

export function notRead(labels: readonly string[], hidden = 0): NotRead {
  return { kind: "not-read", labels, hidden };
}
