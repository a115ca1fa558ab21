/* The world as one SVG path, and a place for each country: made when the page is built, of Natural Earth's data (public domain) as
 * the package world-atlas has it. The page itself knows no geography. */
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { geoArea, geoNaturalEarth1, geoPath } from "d3-geo";
import { feature } from "topojson-client";

const require = createRequire(import.meta.url);
const json = (name) => JSON.parse(readFileSync(require.resolve(name), "utf8"));
const WIDTH = 640;
const SOUTH = -58; /* degrees; Antarctica sends nothing */

/** The source of the module "world". */
export function world() {
	const land = json("world-atlas/land-110m.json");
	const countries = json("world-atlas/countries-50m.json");
	const codes = json("i18n-iso-countries/codes.json"); /* rows: alpha-2, alpha-3, number */
	const alpha2 = new Map(codes.map(([two, , number]) => [number, two]));
	const projection = geoNaturalEarth1().fitWidth(WIDTH, { type: "Sphere" });
	const [, top] = projection([0, 84]);
	const [, bottom] = projection([0, SOUTH]);
	const [left, up] = projection.translate();
	projection.translate([left, up - top]);
	const height = Math.ceil(bottom - top);
	projection.clipExtent([[0, 0], [WIDTH, height]]);
	const whole = (text) => text.replace(/-?\d+\.\d+/g, (number) => String(Math.round(Number(number) * 10) / 10));
	const outline = whole(geoPath(projection)(feature(land, land.objects.land)));
	const centres = {};
	for (const shape of feature(countries, countries.objects.countries).features) {
		const code = alpha2.get(shape.id);
		const point = code && projection(mainCentre(shape.geometry));
		if (point && point.every(Number.isFinite)) centres[code] = point.map(Math.round);
	}
	return `export const width = ${WIDTH}, height = ${height};
export const outline = ${JSON.stringify(outline)};
export const centres = ${JSON.stringify(centres)};
`;
}

/** The middle of a country's largest part: far islands do not pull it into the sea. */
function mainCentre(geometry) {
	const parts = geometry.type === "Polygon" ? [geometry.coordinates] : geometry.coordinates;
	const shapes = parts.map((coordinates) => ({ type: "Polygon", coordinates }));
	const largest = shapes.reduce((best, shape) => (geoArea(shape) > geoArea(best) ? shape : best));
	return geoPath().centroid(largest);
}
