import { count } from '../../lib/words';
import classes from './spark.module.css';
import { SPARK_DAYS, type Spark } from './sparks';

const WIDTH = 84;
const HEIGHT = 22;

/** The last days of a key as small bars, what was refused in another colour. */
export function Sparkline({ spark }: { spark: Spark | undefined }) {
  if (!spark) return <span className={classes.empty} aria-hidden />;
  const refused = spark.refused.reduce((all, one) => all + one, 0);
  const told = `${count(spark.total, 'request')} in ${SPARK_DAYS} days${refused > 0 ? `, ${refused.toLocaleString('en')} refused` : ''}`;
  const most = Math.max(...spark.requests, 1);
  const width = WIDTH / SPARK_DAYS;
  return (
    <svg width={WIDTH} height={HEIGHT} role="img" aria-label={told} className={classes.spark}>
      <title>{told}</title>
      <line x1={0} x2={WIDTH} y1={HEIGHT - 0.5} y2={HEIGHT - 0.5} className={classes.ground} />
      {spark.requests.map((requests, day) => {
        if (requests === 0) return null;
        const height = Math.max(2, (requests / most) * (HEIGHT - 2));
        const part = ((spark.refused[day] ?? 0) / requests) * height;
        const x = day * width + 0.5;
        return (
          // biome-ignore lint/suspicious/noArrayIndexKey: a day's place is its name
          <g key={day}>
            <rect x={x} y={HEIGHT - height} width={width - 1.5} height={height - part} className={classes.ok} />
            {part > 0 && <rect x={x} y={HEIGHT - part} width={width - 1.5} height={part} className={classes.refused} />}
          </g>
        );
      })}
    </svg>
  );
}
