/** Distances on the Earth. */

const EARTH_KM = 6371.0088;
const radians = (degrees: number): number => (degrees * Math.PI) / 180;

interface Centre {
  latitude: number;
  longitude: number;
}

/** Great-circle distance; infinite where there is no position. */
export function kilometresBetween(
  centre: Centre,
  latitude: string | number | undefined,
  longitude: string | number | undefined,
): number {
  if (typeof latitude !== 'number' || typeof longitude !== 'number') return Infinity;
  const [a, b] = [radians(centre.latitude), radians(latitude)];
  const half = (angle: number): number => Math.sin(angle / 2) ** 2;
  const h = half(b - a) + Math.cos(a) * Math.cos(b) * half(radians(longitude - centre.longitude));
  return 2 * EARTH_KM * Math.asin(Math.min(1, Math.sqrt(h)));
}

/** Degrees that surely hold every point within a distance; longitudes undefined where they would wrap around. */
export function boxAround(
  { latitude, longitude }: Centre,
  km: number,
): { south: number; north: number; west?: number; east?: number } {
  const angle = (km / EARTH_KM) * (180 / Math.PI) * 1.001;
  const box = { south: latitude - angle, north: latitude + angle };
  const widest = Math.cos(radians(Math.min(89.9, Math.max(Math.abs(box.south), Math.abs(box.north)))));
  const west = longitude - angle / widest;
  const east = longitude + angle / widest;
  const wraps = box.south < -89 || box.north > 89 || west < -180 || east > 180;
  return wraps ? box : { ...box, west, east };
}
