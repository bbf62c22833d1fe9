/** What the API gives of one case: links to its images, its twins, and what segmenters found. */
import { api, ok, Problem, type Schemas } from "../../../api/client";
import { texts } from "../../../texts";
import { readDone, type SegmenterTraining } from "../../training/arms";

export const MODALITIES = ["t1", "t1ce", "t2", "flair"] as const;
export type Modality = (typeof MODALITIES)[number];

type Links = Readonly<Record<string, Schemas["FileLink"]>>;
export type TestSet = "real" | "synthetic";

const SPARE_MS = 10_000; // a link that ends within this time is asked for anew

/** Files behind links that expire. Each is read once; links are asked for anew when needed. */
export class Shelf {
  private links: Promise<Links> | undefined;
  private readonly read = new Map<string, Promise<ArrayBuffer>>();

  constructor(private readonly ask: () => Promise<Links>) {}

  async names(): Promise<readonly string[]> {
    this.links ??= this.ask();
    return Object.keys(await this.links);
  }

  bytes(name: string): Promise<ArrayBuffer> {
    const known = this.read.get(name);
    if (known) return known;
    const reading = this.fetch(name);
    this.read.set(name, reading);
    reading.catch(() => this.read.delete(name)); // so that it can be tried again
    return reading;
  }

  private async fetch(name: string): Promise<ArrayBuffer> {
    let response = await fetch((await this.link(name, false)).url, { credentials: "omit" });
    if (response.status === 403) {
      response = await fetch((await this.link(name, true)).url, { credentials: "omit" });
    }
    if (!response.ok) {
      throw new Problem(response.status, texts.viewer.noFileTitle, texts.viewer.noFile(name));
    }
    return await response.arrayBuffer();
  }

  private async link(name: string, anew: boolean): Promise<Schemas["FileLink"]> {
    if (anew) this.links = undefined;
    this.links ??= this.ask();
    const links = await this.links.catch((error) => {
      this.links = undefined;
      throw error;
    });
    const link = links[name];
    if (!link) throw new Problem(404, texts.viewer.noFileTitle, texts.viewer.noFile(name));
    const over = Date.parse(link.expires) - Date.now() < SPARE_MS;
    return over && !anew ? this.link(name, true) : link;
  }
}

/** Whose images these are: a case, and where its dataset has its cases from. */
export interface Subject {
  readonly caseId: string;
  /** Null: an experiment of an earlier release does not tell. */
  readonly origin: Schemas["ResolvedSpec"]["origin"];
}

/** A case with its twins, and the segmenters whose label maps can be asked for. */
export interface Source extends Subject {
  readonly dataset: string;
  readonly experiment: string | undefined;
  readonly files: Shelf;
  /** By the twin's number. */
  readonly twins: ReadonlyMap<number, Shelf>;
  readonly segmenters: readonly SegmenterTraining[];
  /** Ids of the cases that one can go on to, in order. */
  readonly others: readonly string[];
}

/** Load what a case of an experiment has. */
export async function openExperiment(id: string, caseId: string): Promise<Source> {
  const path = { experiment_id: id };
  const [body, twins, segmenters] = await Promise.all([
    ok(api.GET("/experiments/{experiment_id}", { params: { path } })),
    readTwins(id, caseId),
    readDone(id),
  ]);
  const { test, train, validation } = body.spec;
  const others = test.includes(caseId) ? test : [...train, ...validation];
  return {
    caseId,
    origin: body.spec.origin,
    dataset: body.dataset,
    experiment: id,
    files: caseShelf(body.dataset, caseId),
    twins: new Map(twins.map(({ twin }) => [twin, twinShelf(id, caseId, twin)])),
    segmenters: test.includes(caseId) ? segmenters : [],
    others: [...others].sort(),
  };
}

/** Load what a case of a dataset has. */
export async function openDataset(id: string, caseId: string): Promise<Source> {
  const body = await ok(
    api.GET("/datasets/{dataset_id}", { params: { path: { dataset_id: id } } }),
  );
  return {
    caseId,
    origin: body.origin,
    dataset: id,
    experiment: undefined,
    files: caseShelf(id, caseId),
    twins: new Map(),
    segmenters: [],
    others: body.cases.filter(({ state }) => state === "ready").map((each) => each.id),
  };
}

/** The label map that the segmenter of a training predicted of this case's image in a test set. */
export function predictionShelf(source: Source, model: string, testSet: TestSet): Shelf {
  const path = { experiment_id: source.experiment ?? "" };
  return new Shelf(async () => {
    const query = { model, test_set: testSet };
    const found = await ok(
      api.GET("/experiments/{experiment_id}/predictions", { params: { path, query } }),
    );
    return found.files;
  });
}

function caseShelf(dataset: string, caseId: string): Shelf {
  const path = { dataset_id: dataset, case_id: caseId };
  return new Shelf(async () => {
    const found = await ok(
      api.GET("/datasets/{dataset_id}/cases/{case_id}/files", { params: { path } }),
    );
    return found.files;
  });
}

function twinShelf(experiment: string, caseId: string, number: number): Shelf {
  return new Shelf(async () => {
    const found = await readTwins(experiment, caseId);
    return found.find(({ twin }) => twin === number)?.files ?? {};
  });
}

async function readTwins(id: string, caseId: string): Promise<Schemas["TwinFiles"][]> {
  const params = { path: { experiment_id: id }, query: { case: caseId, limit: 50 } };
  return (await ok(api.GET("/experiments/{experiment_id}/twins", { params }))).items;
}
