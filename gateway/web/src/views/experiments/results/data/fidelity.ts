/** The measures of twins against their own cases, as rows. */
import type { Schemas } from "../../../../api/client";

export const MEASURES = ["ms_ssim", "psnr", "histogram", "contrast"] as const;
export type FidelityMeasure = (typeof MEASURES)[number];

export interface FidelityRow {
  readonly modality: string;
  readonly area: string;
  readonly found: Schemas["MeanOverCases"];
}

/** Give one measure by modality and area; of contrast its difference, twin less case. */
export function fidelityRows(
  fidelity: Schemas["Fidelity"],
  measure: FidelityMeasure,
): readonly FidelityRow[] {
  const found: Areas = fidelity[measure];
  return Object.entries(found).flatMap(([modality, areas]) =>
    Object.entries(areas).map(([area, own]) => ({
      modality,
      area,
      found: "difference" in own ? own.difference : own,
    })),
  );
}

type Areas = Readonly<
  Record<string, Readonly<Record<string, Schemas["MeanOverCases"] | Schemas["ContrastMeans"]>>>
>;
