/**
 * Bounds on what a PyTorch file may ask for. They are far above every published checkpoint, and low
 * enough that a hostile file is refused in seconds and in some hundred megabytes.
 */

/** A pickle holds names and shapes, about 150 bytes a tensor: this is room for 400,000 of them. */
export const MAX_PICKLE_BYTES = 64 * 2 ** 20;

/**
 * Opcodes run plus values copied: every unit makes at most one small object. A tensor takes about
 * 30 opcodes, so this is room for 130,000 of them.
 */
export const MAX_STEPS = 4_000_000;

/** Picklers write lists and dicts in batches of 1000, so only a long tuple or deep nesting goes higher. */
export const MAX_STACK_DEPTH = 10_000;

/** A tensor takes about 8 memo entries. */
export const MAX_MEMO_ENTRIES = 2 ** 20;

/** What LONG1 can carry; the longest integer that matters is the 10-byte magic number. */
export const MAX_INTEGER_BYTES = 255;

/** One string: a training script's arguments may hold a long text, never more than this. */
export const MAX_STRING_BYTES = 16 * 2 ** 20;

/** Module or name of a global, one line of text. */
export const MAX_GLOBAL_BYTES = 512;

/** Dicts and lists within each other, counted from the root; stops cycles as well. */
export const MAX_NESTING = 64;

/** Values met on the way from the root to the tensors; shared lists can multiply without bound. */
export const MAX_VISITED_VALUES = 1_000_000;

/** Names of tensors, one tensor under several names counted for each. */
export const MAX_TENSORS = 200_000;

/** Characters of a tensor's name; ten times the longest of published models. */
export const MAX_NAME_LENGTH = 1024;

/** PyTorch itself stops at 64 dimensions. */
export const MAX_RANK = 64;

/** One entry per storage, and a handful more. */
export const MAX_ARCHIVE_ENTRIES = 200_000;
