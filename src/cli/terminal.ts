/** The program's surroundings, so that commands can be driven by tests. */

export interface Terminal {
  /** Results. */
  readonly print: (text: string) => void;
  /** Progress and messages. */
  readonly tell: (text: string) => void;
  /** Where a progress bar may be drawn: a terminal, else undefined. */
  readonly bar: NodeJS.WritableStream | undefined;
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly home: string;
  readonly currentFolder: string;
}
