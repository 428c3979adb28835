import type { Engine, Kept } from './engine.js';

/** What the page is about now; parts that show it are told when it changes. */
export interface App {
  engine: Engine | undefined;
  kept: Kept[];
  selected: Kept | undefined;
  /** What the selected one is compared with. */
  against: Kept | undefined;
}

export const app: App = { engine: undefined, kept: [], selected: undefined, against: undefined };

export function engine(): Engine {
  if (app.engine === undefined) throw new Error('the engine is still being loaded');
  return app.engine;
}
