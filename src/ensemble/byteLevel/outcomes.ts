/** What may come next in a text of bytes: one of 256 bytes, or its end. */

export const END = 256;
export const OUTCOMES = 257;
