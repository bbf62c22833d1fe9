/** The folder that the reader gave, looked at again whenever the label scheme changes. */
import { useEffect, useState } from "preact/hooks";
import { texts } from "../../../texts";
import type { Given } from "./given";
import { leftOut, type Scheme, type Survey } from "./intake/outcomes";
import { survey } from "./intake/survey";

export interface GivenCases {
  readonly found: Survey | undefined;
  readonly busy: boolean;
  readonly take: (given: Promise<Given>) => void;
  readonly forget: () => void;
}

export function useGivenCases(scheme: Scheme | undefined): GivenCases {
  const [given, setGiven] = useState<Given>();
  const [found, setFound] = useState<Survey>();
  const [busy, setBusy] = useState(false);
  // Only nnU-Net's own words make a difference, and they count under "auto" alone.
  const means = scheme === "auto" ? "auto" : "brats2023";
  useEffect(() => {
    if (!given) return;
    let stale = false;
    setBusy(true);
    void survey(given.files, means).then((seen) => {
      if (stale) return;
      const { unreadable } = texts.upload.flaws;
      const lost = given.unreadable.map((name) => leftOut(name, unreadable));
      setFound({ ...seen, unfit: [...lost, ...seen.unfit] });
      setBusy(false);
    });
    return () => {
      stale = true;
    };
  }, [given, means]);
  const take = (coming: Promise<Given>) => {
    setBusy(true);
    void coming.then(setGiven);
  };
  const forget = () => {
    setGiven(undefined);
    setFound(undefined);
  };
  return { found, busy, take, forget };
}
