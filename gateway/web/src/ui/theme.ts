/** Light or dark: as the system says, unless the reader chose. */
import { texts } from "../texts";

const PLACE = "syntrust.theme";

export const THEMES = [
  { name: "auto", label: texts.nav.themeAuto },
  { name: "light", label: texts.nav.themeLight },
  { name: "dark", label: texts.nav.themeDark },
] as const;

export function chosenTheme(): string {
  return localStorage.getItem(PLACE) ?? "auto";
}

export function setTheme(name: string): void {
  if (name === "auto") localStorage.removeItem(PLACE);
  else localStorage.setItem(PLACE, name);
  applyTheme();
}

export function applyTheme(): void {
  const name = chosenTheme();
  if (name === "auto") delete document.documentElement.dataset.theme;
  else document.documentElement.dataset.theme = name;
}
