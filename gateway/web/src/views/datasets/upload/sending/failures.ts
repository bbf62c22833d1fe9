/** What can go wrong while files are sent, by what is done about it. */

/** The file was moved or changed since it was chosen. Nothing helps but to choose it again. */
export class FileUnreadable extends Error {}

/** The link's time is over: another one is asked for. */
export class LinkExpired extends Error {}

/** The store does not answer now: it is asked again. */
export class StoreUnreachable extends Error {}

/** The store does not take the file. */
export class StoreRefused extends Error {}

export class Cancelled extends Error {}
