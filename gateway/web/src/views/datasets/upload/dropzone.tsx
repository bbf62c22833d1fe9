/** Where a folder is dropped, or chosen by keyboard. */
import { useEffect, useRef, useState } from "preact/hooks";
import { texts } from "../../../texts";
import { type Given, readChosen, readDrop } from "./given";

interface DropZoneProps {
  readonly busy: boolean;
  readonly onGiven: (given: Promise<Given>) => void;
}

export function DropZone({ busy, onGiven }: DropZoneProps) {
  const [over, setOver] = useState(false);
  useRefusedDrops();
  const drop = (event: DragEvent) => {
    event.preventDefault();
    setOver(false);
    if (event.dataTransfer) onGiven(readDrop(event.dataTransfer));
  };
  const drag = (event: DragEvent) => {
    event.preventDefault();
    if (event.dataTransfer) event.dataTransfer.dropEffect = "copy";
    setOver(true);
  };
  return (
    <section
      class={over ? "drop drop-over" : "drop"}
      aria-label={texts.upload.drop}
      aria-busy={busy}
      onDragOver={drag}
      onDragLeave={() => setOver(false)}
      onDrop={drop}
    >
      <p class="drop-title">{texts.upload.drop}</p>
      <p class="hint">{texts.upload.dropHint}</p>
      <div class="row drop-ways">
        <Chooser label={texts.upload.pick} isFolder onGiven={onGiven} />
        <Chooser label={texts.upload.pickFiles} onGiven={onGiven} />
      </div>
      <p role="status" class="hint">
        {busy ? texts.upload.looking : ""}
      </p>
    </section>
  );
}

interface ChooserProps {
  readonly label: string;
  readonly isFolder?: boolean;
  readonly onGiven: (given: Promise<Given>) => void;
}

/** A button for the browser's own dialog, which a hidden input opens. */
function Chooser({ label, isFolder, onGiven }: ChooserProps) {
  const input = useRef<HTMLInputElement>(null);
  useEffect(() => {
    if (input.current && isFolder) input.current.webkitdirectory = true;
  }, [isFolder]);
  const choose = () => {
    const { current } = input;
    if (!current?.files?.length) return;
    onGiven(Promise.resolve(readChosen(current.files)));
    current.value = ""; // the same folder may be chosen again
  };
  return (
    <>
      <button type="button" onClick={() => input.current?.click()}>
        {label}
      </button>
      <input
        ref={input}
        type="file"
        multiple
        hidden
        aria-label={label}
        data-chooses={isFolder ? "folder" : "files"}
        onChange={choose}
      />
    </>
  );
}

/** A folder that is dropped beside the zone would else replace the page with a listing of it. */
function useRefusedDrops(): void {
  useEffect(() => {
    const refuse = (event: DragEvent) => event.preventDefault();
    addEventListener("dragover", refuse);
    addEventListener("drop", refuse);
    return () => {
      removeEventListener("dragover", refuse);
      removeEventListener("drop", refuse);
    };
  }, []);
}
