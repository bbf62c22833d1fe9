/** One case to look at: the real image, its twin and their difference, linked. */
import { href, type Route } from "../../router";
import { texts } from "../../texts";
import { useLoaded } from "../../ui/loaded";
import { Empty, Head, Loading, ProblemBox } from "../../ui/parts";
import { openDataset, openExperiment, type Source } from "./data/sources";
import { Desk } from "./desk";
import "./viewer.css";

interface Wanted {
  readonly experiment: string | undefined;
  readonly dataset: string | undefined;
  readonly caseId: string | undefined;
}

export function Viewer({ route }: { route: Route }) {
  const wanted = readWanted(route);
  if (!wanted.caseId) return <Nothing />;
  return <Case {...wanted} caseId={wanted.caseId} />;
}

/** `#/viewer/EXPERIMENT/CASE`, or `#/viewer?dataset=ID&case=CASE`. */
function readWanted({ parts, query }: Route): Wanted {
  const [, experiment, caseId] = parts;
  if (experiment) return { experiment, dataset: undefined, caseId };
  const dataset = query.get("dataset") ?? undefined;
  return { experiment: undefined, dataset, caseId: dataset && (query.get("case") ?? undefined) };
}

function Nothing() {
  return (
    <>
      <Head title={texts.viewer.title} />
      <Empty title={texts.viewer.emptyTitle}>
        <p>{texts.viewer.empty}</p>
        <p class="row viewer-ways">
          <a class="button" href={href(["experiments"])}>
            {texts.nav.experiments}
          </a>
          <a class="button" href={href(["datasets"])}>
            {texts.nav.datasets}
          </a>
        </p>
      </Empty>
    </>
  );
}

function Case({ experiment, dataset, caseId }: Wanted & { caseId: string }) {
  const source = useLoaded(
    () => (experiment ? openExperiment(experiment, caseId) : openDataset(dataset ?? "", caseId)),
    [experiment, dataset, caseId],
  );
  return (
    <>
      <CaseHead wanted={{ experiment, dataset, caseId }} source={source.data} />
      {source.problem && <ProblemBox problem={source.problem} retry={source.reload} />}
      {!source.data && !source.problem && <Loading />}
      {source.data && <Desk key={caseId} source={source.data} />}
    </>
  );
}

function CaseHead({ wanted, source }: { wanted: Wanted; source: Source | undefined }) {
  const { experiment, dataset, caseId = "" } = wanted;
  const from = experiment
    ? { name: texts.viewer.ofExperiment, to: href(["experiments", experiment]) }
    : { name: texts.viewer.ofDataset, to: href(["datasets", dataset ?? ""]) };
  const at = source?.others.indexOf(caseId) ?? -1;
  const link = (other: string) =>
    experiment
      ? href(["viewer", experiment, other])
      : href(["viewer"], { dataset: dataset ?? "", case: other });
  const before = at > 0 ? source?.others[at - 1] : undefined;
  const after = at >= 0 ? source?.others[at + 1] : undefined;
  return (
    <Head title={caseId} trail={<a href={from.to}>{from.name}</a>}>
      {before && (
        <a class="button" href={link(before)}>
          {texts.viewer.before}
        </a>
      )}
      {after && (
        <a class="button" href={link(after)}>
          {texts.viewer.after}
        </a>
      )}
    </Head>
  );
}
