/** Pictures that a training draws of its own twins, where the API gives them. */

import { useEffect } from "preact/hooks";
import { texts } from "../../texts";
import { useLoaded } from "../../ui/loaded";
import { Synthetic } from "../../ui/parts";
import type { FileLinks } from "./read";

export function Sample({ files }: { files: FileLinks }) {
  const name = Object.keys(files).find((each) => each.endsWith(".png"));
  const link = name ? files[name] : undefined;
  const { data: picture } = useLoaded(async () => {
    if (!link) return undefined;
    const response = await fetch(link.url, { credentials: "omit" });
    return response.ok ? URL.createObjectURL(await response.blob()) : undefined;
  }, [name, link?.sha256, link?.bytes]);
  useEffect(() => () => picture && URL.revokeObjectURL(picture), [picture]);
  if (!picture) return null;
  return (
    <figure class="model-sample">
      <img src={picture} alt={texts.models.sample} />
      <figcaption>
        <Synthetic /> {texts.models.sampleMeans}
      </figcaption>
    </figure>
  );
}
