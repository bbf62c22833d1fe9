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
    lead: "Dice scores of one model on real and on synthetic images of the same cases give the five trust factors, with intervals.",
    scores: "Scores",
    scoresHint:
      "CSV with the columns case, set, region, dice (optional: group, seed), one column for each region, or JSON as the REST API takes it. Drop a file here, or paste its text.",
    choose: "Choose a file",
    example: "Fill in an example",
    submit: "Compute",
    busy: "Computing …",
    none: "Paste scores or choose a file.",
    tooLarge: (limit: string) =>
      `The file is larger than ${limit}. Send it to the REST API instead.`,
    answer: "Answer",
    answerFrame: "The trust factors, their intervals and what to read beside them",
    saveJson: "Save as JSON",
    savePage: "Save as HTML",
    wrongCell: (line: number, column: string) => `Line ${line}, column ${column}`,
    wrongLine: (line: number) => `Line ${line}`,
    wrongField: (pointer: string) => `Field ${pointer}`,
    around: "The lines around it",
    line: "Line",
    found: "It is",
  },

  admin: {
    title: "Administration",
    onlyAdmins: "Only an administrator's key opens this page.",
    tabs: "Parts of the administration",
    parts: {
      keys: "Keys",
      clients: "Clients",
      workers: "Workers and queues",
      usage: "Usage",
      audit: "Audit trail",
    },
    client: "Client",
    role: "Role",
    roles: { admin: "administrator", user: "user" } as Record<string, string>,
    scope: "Opens",
    scopes: {
      monitor: "metrics only",
      score: "trust scores",
      run: "datasets and experiments",
      admin: "everything",
    } as Record<string, string>,
    scopeUsual: "all that the role allows",
    label: "What it is for",
    expires: "Expires",
    never: "never",
    keyStates: { active: "valid", expired: "expired", revoked: "revoked" } as Record<
      string,
      string
    >,
    newKey: "New key",
    makeKey: "Make the key",
    newClient: "New client",
    addClient: "Add the client",
    revoke: "Revoke",
    revokeAsk: (label: string) =>
      `Revoke the key ${label}? Whoever uses it is shut out at once, on every process.`,
    rotate: "Replace",
    rotateAsk: (label: string) =>
      `Replace the key ${label} by a new one? The old one ends at once.`,
    issuedTitle: "Copy the key now",
    issued: "It is shown once and stored nowhere. Whoever has it acts in the client's name.",
    limits: "Limits",
    runningSteps: "Steps at once",
    storedGigabytes: "Stored GB",
    requestsPerMinute: "Requests a minute",
    noLimit: "no limit",
    saveLimits: "Save the limits",
    noClients: "There are no clients yet.",
    noKeys: "There are no keys yet.",
    queue: "Queue",
    queues: { generator: "generator", segmenter: "segmenter", metrics: "metrics" } as Record<
      string,
      string
    >,
    due: "Steps due",
    workersSeen: "Workers seen",
    worker: "Worker",
    host: "Host",
    runs: "Computes",
    idle: "waits for work",
    since: "Since",
    for: "For",
    noWorkers: "No worker gives a sign of life.",
    elsewhere: "Steps whose worker gives no sign of life",
    elsewhereHint: "The orchestrator hands them out again when their lease ends.",
    steps: "Steps",
    deviceHours: "Device-hours",
    uploaded: "Uploaded, now",
    computed: "Computed, now",
    unknownClient: "not known who asked first",
    from: "From",
    until: "Until",
    noUsage: "Nobody stored or computed anything in this time.",
    at: "When",
    action: "Action",
    target: "Target",
    detail: "Detail",
    operator: "operator's command",
    anyAction: "Action, for example key.create",
    anyTarget: "Target",
    filter: "Filter",
    noAudit: "No entry fits the filter.",
    kinds: {
      receive_upload: "receive an upload",
      inspect_case: "inspect a case",
      synthesise_case: "draw a twin",
      train_generator: "train a generator",
      train_segmenter: "train a segmenter",
      predict_cases: "predict",
      score_cases: "score",
      compare_twin: "compare a twin",
      build_report: "build the report",
      export_images: "export images",
      segment_case: "segment a case",
      export_bundle: "export a bundle",
      score_volumes: "score label maps",
      import_model: "import a model",
      imported_model: "imported model",
    } as Record<string, string>,
  },
};

export type Texts = typeof en;
