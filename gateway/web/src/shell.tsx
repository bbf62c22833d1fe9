/** What surrounds every view: the way to the others, who is signed in, and what this is not for. */
import type { ComponentChildren } from "preact";
import { useState } from "preact/hooks";
import { type Session, signOut } from "./api/session";
import { href, type Route } from "./router";
import { texts } from "./texts";
import { chosenTheme, setTheme, THEMES } from "./ui/theme";

const ENTRIES = ["experiments", "datasets", "models", "compare", "trust"] as const;

interface ShellProps {
  readonly route: Route;
  readonly session: Session;
  readonly children: ComponentChildren;
}

export function Shell({ route, session, children }: ShellProps) {
  return (
    <div class="shell">
      <button type="button" class="skip" onClick={focusContent}>
        {texts.nav.skip}
      </button>
      <Side route={route} session={session} />
      <main id="content" tabIndex={-1}>
        {children}
        <footer class="foot">{texts.product.researchOnly}</footer>
      </main>
    </div>
  );
}

function Side({ route, session }: { route: Route; session: Session }) {
  const [open, setOpen] = useState(false);
  const entries = session.role === "admin" ? ([...ENTRIES, "admin"] as const) : ENTRIES;
  const here = route.parts[0] ?? "experiments";
  return (
    <header class={open ? "side side-open" : "side"}>
      <a class="brand" href={href([])}>
        <img src="favicon.svg" alt="" width="24" height="24" />
        {texts.product.name}
      </a>
      <button
        type="button"
        class="menu"
        aria-expanded={open}
        aria-controls="views"
        onClick={() => setOpen(!open)}
      >
        {texts.nav.menu}
      </button>
      <div id="views" class="side-body">
        <nav aria-label={texts.nav.label}>
          {entries.map((name) => (
            <a
              key={name}
              href={href([name])}
              aria-current={here === name ? "page" : undefined}
              onClick={() => setOpen(false)}
            >
              {texts.nav[name]}
            </a>
          ))}
          <a href="guide/">{texts.nav.guide}</a>
          <a href="docs">{texts.nav.api}</a>
        </nav>
        <Account session={session} />
      </div>
    </header>
  );
}

function Account({ session }: { session: Session }) {
  return (
    <div class="account">
      <label>
        {texts.nav.theme}{" "}
        <select value={chosenTheme()} onChange={(event) => setTheme(event.currentTarget.value)}>
          {THEMES.map(({ name, label }) => (
            <option key={name} value={name}>
              {label}
            </option>
          ))}
        </select>
      </label>
      <p>{texts.nav.signedInAs(session.client)}</p>
      <button type="button" onClick={() => void signOut()}>
        {texts.nav.signOut}
      </button>
    </div>
  );
}

function focusContent(): void {
  document.getElementById("content")?.focus();
}
