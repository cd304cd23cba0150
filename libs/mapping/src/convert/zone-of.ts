import type { ClockFields } from '../time/clock-fields.ts';
import { TimeZone } from '../time/time-zone.ts';
import type { ConversionRequest } from './conversion.ts';
import type { Loss } from './loss.ts';

/** The zone of values without one; UTC unless another is named. Throws MAPPING_STEP_INVALID. */
export function zoneOf({ zone: name = 'UTC', refuse }: ConversionRequest): TimeZone {
  const zone = TimeZone.of(name);
  if (zone === null)
    throw refuse(`${name} is no time zone: UTC, an offset such as +02:00, or a name such as Europe/Vienna`);
  return zone;
}

/**
 * The moment (seconds since 1970) of a local time of the zone; null when there is none. Of a time that the clocks show twice
 * the first one. A time that they skip is lost; where it may be cut, the fields and the moment become those at which the
 * clocks are put forward.
 */
export function momentOf(
  fields: ClockFields,
  { zone, loss }: { readonly zone: TimeZone; readonly loss: Loss },
): number | null {
  if (!fields.isDay) return loss.invalid('day of the calendar');
  const moment = zone.toUtc(fields.seconds);
  if (!Number.isNaN(moment)) return moment;
  if (!loss.mayCut) return loss.lost();
  const change = zone.changeAt(fields.seconds);
  fields.seconds = change + zone.offsetAt(change);
  fields.micros = fields.seventh = 0;
  fields.hasMore = false;
  return change;
}
