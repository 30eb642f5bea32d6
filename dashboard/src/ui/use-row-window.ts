import { type RefObject, useLayoutEffect, useState } from 'react';

/** Rows that are drawn beyond both edges of the window. */
const OVERSCAN = 16;
/** The first row that is drawn is a multiple of this: scrolling a little draws nothing anew. */
const STEP = 8;

/**
 * Which rows of a list are near the window, where every row is equally high. It costs the same however long the list
 * is.
 */
export function useRowWindow(body: RefObject<HTMLElement | null>, count: number, rowPx: number) {
  const [first, setFirst] = useState(0);
  const [height, setHeight] = useState(() => window.innerHeight);
  useLayoutEffect(() => {
    const look = () => {
      if (!body.current) return;
      const above = Math.floor(-body.current.getBoundingClientRect().top / rowPx) - OVERSCAN;
      setFirst(Math.max(0, Math.floor(Math.min(above, count - 1) / STEP) * STEP));
      setHeight(window.innerHeight);
    };
    look();
    window.addEventListener('scroll', look, { passive: true });
    window.addEventListener('resize', look);
    return () => {
      window.removeEventListener('scroll', look);
      window.removeEventListener('resize', look);
    };
  }, [body, count, rowPx]);
  const last = Math.min(count, first + Math.ceil(height / rowPx) + 2 * OVERSCAN + STEP);
  return { first, last, before: first * rowPx, after: Math.max(0, count - last) * rowPx };
}
