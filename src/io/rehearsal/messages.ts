/** What the director of a rehearsal and its node processes tell each other. */

/** An order to a node process; each is answered once it is carried out. */
export type Order =
  /** Make the contents of these replicas from their seeds and listen for others; peers are the processes of the live nodes. */
  | {
      readonly order: "hold";
      readonly replicas: readonly Seeded[];
      readonly bytes: number;
      readonly token: string;
      readonly peers: readonly number[];
    }
  /** Read replicas from files of the store. */
  | { readonly order: "read"; readonly files: readonly { readonly replica: string; readonly file: string }[] }
  /** Send and receive replicas. */
  | { readonly order: "transfer"; readonly send: readonly Sending[]; readonly receive: readonly string[] }
  /** Drop all other replicas and say what the contents of these are. */
  | { readonly order: "keep"; readonly replicas: readonly string[] };

/** A replica and the seed of its content. */
export interface Seeded {
  readonly replica: string;
  readonly seed: string;
}

/** A replica to send, and the port that its receiver listens on. */
export interface Sending {
  readonly replica: string;
  readonly port: number;
}

/** The answer to an order; `error` says why it could not be carried out. */
export interface Answer {
  readonly error?: string;
  /** Answer to "hold": where the node listens. */
  readonly port?: number;
  /** Answer to "keep": SHA-256 of the content of each replica that the node holds now. */
  readonly digests?: Readonly<Record<string, string>>;
}
