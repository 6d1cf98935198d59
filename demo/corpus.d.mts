export interface BrownDocument {
  readonly id: string;
  readonly stratum: string;
  readonly kind: string;
  readonly passages: readonly string[];
}
export declare const CORPUS_NOTICE: readonly string[];
export declare const KINDS: readonly string[];
export declare function readDocuments(folder?: string): BrownDocument[];
export declare function untag(line: string): string;
export declare function cutPassages(sentences: readonly string[], words?: number): string[];
