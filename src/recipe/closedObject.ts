/** Mappings of a recipe: keys that are not known are refused, and the nearest known one is named. */

import * as z from 'zod';
import { nearestWord, quoted } from './spelling.ts';

/** A mapping that refuses keys it does not know, and names the nearest one it does. */
export function closedObject<Shape extends z.ZodRawShape>(shape: Shape) {
  const known = Object.keys(shape);
  return z.strictObject(shape, {
    error: (issue) => {
      const key = issue.code === 'unrecognized_keys' ? issue.keys?.[0] : undefined;
      if (typeof key !== 'string') return undefined;
      const nearest = nearestWord(key, known);
      return nearest ? `did you mean ${quoted(nearest)}?` : `known keys: ${known.join(', ')}`;
    },
  });
}
