/** The texts of the page in the reader's language. A translation is one more file of this shape. */
import { en, type Texts } from "./en";

const LANGUAGES: Readonly<Record<string, Texts>> = { en };

function chosen(): string {
  return navigator.languages.map((tag) => tag.slice(0, 2)).find((tag) => tag in LANGUAGES) ?? "en";
}

export const language = chosen();
export const texts: Texts = LANGUAGES[language] ?? en;
