/** `Location?near=latitude|longitude|distance|units`. https://hl7.org/fhir/R4/location.html#positional */
import { anyOf } from '../../matches';
import type { Parameter } from '../../parameters/layout';
import type { Match } from '../../types';
import { unitConversion } from '../../values/units';
import { type ParseContext, report } from '../issues';

/** "If the distance is not provided, the server may use its own": 50 km. */
const DEFAULT_KM = 50;

/** UCUM units of length, and the name that R4's own text uses for miles. */
function kilometres(distance: number, unit: string): number | undefined {
  const conversion = unitConversion(unit === 'mi' ? '[mi_i]' : unit);
  return conversion?.dimension === 'm' ? conversion.convert(distance) / 1000 : undefined;
}

export function parseNearValue(
  parameter: Parameter,
  value: string,
  context: ParseContext,
): Match | undefined {
  const [latitudeText = '', longitudeText = '', distanceText = '', unit = 'km'] = value.split('|');
  const [latitude, longitude, distance] = [latitudeText, longitudeText, distanceText].map((text) =>
    text === '' ? NaN : Number(text),
  );
  const km = distanceText === '' ? DEFAULT_KM : kilometres(distance ?? NaN, unit === '' ? 'km' : unit);
  const isPosition = Math.abs(latitude ?? NaN) <= 90 && Math.abs(longitude ?? NaN) <= 180;
  if (!isPosition || km === undefined || !(km >= 0))
    return report(
      context,
      'The form latitude|longitude|distance|units is expected, in degrees and a unit of length.',
    );
  return anyOf(
    parameter.parts.map(({ key }) => ({
      kind: 'near',
      key,
      latitude: latitude ?? 0,
      longitude: longitude ?? 0,
      km,
    })),
  );
}
