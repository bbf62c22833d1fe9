/**
 * Every text of the page. A translation is one more file of this shape.
 *
 * Plain English that a radiologist reads once. Numbers come formatted from `ui/numbers`.
 */
export const en = {
  product: {
    name: "SynTrust",
    claim: "How far can synthetic medical images be trusted?",
    researchOnly: "Research use only. Not for diagnosis or treatment.",
    synthetic: "synthetic",
  },

  nav: {
    label: "Views",
    menu: "Menu",
    skip: "Skip to the content",
    experiments: "Experiments",
    datasets: "Datasets",
    models: "Models",
    compare: "Compare",
    trust: "Trust score",
    admin: "Administration",
    api: "REST API",
    guide: "Guide",
    signOut: "Sign out",
    signedInAs: (client: string) => `Signed in as ${client}`,
    theme: "Colours",
    themeAuto: "as the system",
    themeLight: "light",
    themeDark: "dark",
  },

  signIn: {
    title: "Sign in",
    key: "API key",
    keyHint: "It begins with st_. An administrator makes keys.",
    submit: "Sign in",
    busy: "Signing in …",
    over: "Your session is over. Sign in again.",
    kept: "The page does not keep the key. A cookie that scripts cannot read holds the session.",
    none: "Enter an API key.",
  },

  problems: {
    unreachableTitle: "No answer",
    unreachable: "The platform does not answer. The page tries again by itself.",
    oddTitle: "Unexpected answer",
    odd: (status: number) => `The platform answered ${status} without a reason.`,
    heading: "This did not work",
    retry: "Try again",
    notFoundTitle: "There is no such page",
    notFound: "The address may be mistyped, or what it showed was deleted.",
    stale: "The platform does not answer now. What you see is from before.",
  },

  common: {
    loading: "Loading …",
    name: "Name",
    id: "Id",
    state: "State",
    created: "Created",
    finished: "Finished",
    tags: "Tags",
    cancel: "Cancel",
    close: "Close",
    delete: "Delete",
    save: "Save",
    copy: "Copy",
    copied: "Copied",
    more: "Show more",
    search: "Search by name",
    table: "Show as a table",
    none: "none",
    unknown: "unknown",
    yes: "yes",
    no: "no",
    of: (done: string, total: string) => `${done} of ${total}`,
    cases: (count: number) => (count === 1 ? "1 case" : `${count} cases`),
    range: (low: string, high: string) => `${low} to ${high}`,
    atLeast: (low: string) => `at least ${low}`,
    atMost: (high: string) => `at most ${high}`,
  },

  states: {
    open: "open",
    inspecting: "being inspected",
    ready: "ready",
    awaiting_upload: "waits for files",
    refused: "refused",
    withdrawn: "withdrawn",
    queued: "queued",
    running: "running",
    paused: "paused",
    succeeded: "done",
    failed: "failed",
    cancelled: "cancelled",
  } as Record<string, string>,

  datasets: {
    title: "Datasets",
  },

  upload: {
    title: "Add cases",
  },

  experiments: {
    title: "Experiments",
  },

  newExperiment: {
    title: "New experiment",
  },

  experiment: {
    title: "Experiment",
  },

  results: {
    title: "Results",
  },

  charts: {
    title: "Charts",
  },

  viewer: {
    title: "Viewer",
  },

  compare: {
    title: "Compare experiments",
  },

  models: {
    title: "Models",
  },

  trust: {
    title: "Trust score",
  },

  admin: {
    title: "Administration",
  },
};

export type Texts = typeof en;
