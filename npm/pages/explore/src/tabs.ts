import { part, show } from './dom.js';

/** Tabs: one is chosen, arrows go between them. */
export function beginTabs(onChoice: () => void): void {
  const tabs = Array.from(document.querySelectorAll<HTMLElement>('[role=tab]'));
  const choose = (chosen: HTMLElement): void => {
    for (const tab of tabs) {
      const isChosen = tab === chosen;
      tab.setAttribute('aria-selected', String(isChosen));
      tab.tabIndex = isChosen ? 0 : -1;
      show(part(tab.getAttribute('aria-controls') ?? ''), isChosen);
    }
    onChoice();
  };
  for (const [at, tab] of tabs.entries()) {
    tab.addEventListener('click', () => choose(tab));
    tab.addEventListener('keydown', (event) => {
      const steps: Record<string, number> = {
        ArrowRight: at + 1,
        ArrowLeft: at - 1,
        Home: 0,
        End: -1,
      };
      const step = steps[event.key];
      if (step === undefined) return;
      event.preventDefault();
      const next = tabs.at(step % tabs.length);
      if (next === undefined) return;
      choose(next);
      next.focus();
    });
  }
  if (tabs[0] !== undefined) choose(tabs[0]);
}
