// node demo/score.mjs <folder>...: accuracy of text classifiers on the demo's test documents.
import { readTextClassifier } from '../dist/train/textClassifierCheckpoint.js';
import { measure, passagesOf, readParts } from './experiment.mjs';

const folders = process.argv.slice(2);
if (folders.length === 0) {
  console.error('usage: node demo/score.mjs <folder of a text classifier>...');
  process.exit(2);
}
const percent = (share) => (100 * share).toFixed(1);
try {
  const models = await Promise.all(folders.map(readTextClassifier));
  const test = passagesOf(readParts().test);
  for (const [i, model] of models.entries()) {
    const { accuracy, interval } = measure(model, test);
    const range = `95 % interval ${percent(interval.low)} to ${percent(interval.high)}`;
    console.log(`${folders[i]}: ${percent(accuracy)} % right (${range})`);
  }
} catch (error) {
  console.error(error.message);
  process.exit(error.code === 'bad_input' ? 2 : 1);
}
