/** Compare two to six experiments: their settings, their factors, and paired differences. */
import { api, ok, type Schemas } from "../../api/client";
import { href, type Route } from "../../router";
import { texts } from "../../texts";
import { useLoaded } from "../../ui/loaded";
import { Head, Loading, ProblemBox } from "../../ui/parts";
import { wordsOf } from "../experiments/results/data/origin";
import { AnswerView } from "./answer";
import { type Answer, isComparable, parseIds } from "./data";
import { Picker } from "./picker";
import "../experiments/results/results.css";
import "./compare.css";

export function Compare({ route }: { route: Route }) {
  const ids = parseIds(route.query);
  const asked = ids.join(",");
  const picking = route.query.has("choose") || !isComparable(ids);
  return (
    <>
      <Head title={texts.compare.title}>
        {!picking && (
          <a class="button" href={href(["compare"], { ids: asked, choose: "" })}>
            {texts.compare.another}
          </a>
        )}
      </Head>
      {picking && ids.length > 0 && !isComparable(ids) && <p class="notice">{texts.compare.odd}</p>}
      {picking ? <Picker key={asked} known={ids} /> : <Compared key={asked} ids={ids} />}
    </>
  );
}

interface Found {
  readonly answer: Answer;
  /** The ids of the test cases of all of them. */
  readonly tested: readonly string[];
}

async function compare(ids: readonly string[], signal: AbortSignal): Promise<Found> {
  const [answer, ...bodies] = await Promise.all([
    ok(api.POST("/comparisons", { body: { experiments: [...ids] }, signal })),
    ...ids.map((experiment_id) =>
      ok(api.GET("/experiments/{experiment_id}", { params: { path: { experiment_id } }, signal })),
    ),
  ]);
  const tested = (bodies as Schemas["ExperimentBody"][]).flatMap((body) => body.spec.test);
  return { answer: answer as Answer, tested };
}

function Compared({ ids }: { ids: readonly string[] }) {
  const { data, problem, reload } = useLoaded((signal) => compare(ids, signal), [ids.join(",")]);
  if (!data) return problem ? <ProblemBox problem={problem} retry={reload} /> : <Loading />;
  return <AnswerView answer={data.answer} words={wordsOf(data.tested)} />;
}
