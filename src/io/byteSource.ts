/**
 * Bytes that can be read by range: a file, memory, later a URL. Headers are parsed through this;
 * the executor's workers read tensor data with their own file handles.
 */

export interface ByteSource {
  /** What error messages call it: a path or a URL. */
  readonly name: string;
  readonly byteLength: number;
  /** Bytes `[start, end)`; throws a bad_input FusionError when the range is not within the source. */
  slice(start: number, end: number): Promise<Uint8Array>;
}
