/* Writes generated/api.ts: a TypeScript type for each schema of schema/api.json, so that the compiler proves the page, and the mock
 * server of its tests, to speak the interface as it is described. */
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";

const here = new URL(".", import.meta.url);

function typeOf(schema) {
	if (schema.$ref) return schema.$ref.split("/").pop();
	if (schema.oneOf) return schema.oneOf.map(typeOf).join(" | ");
	if (schema.enum) return schema.enum.map((value) => JSON.stringify(value)).join(" | ");
	if (Array.isArray(schema.type)) return schema.type.map((type) => typeOf({ ...schema, type })).join(" | ");
	switch (schema.type) {
		case "integer":
		case "number":
			return "number";
		case "array":
			return `(${typeOf(schema.items)})[]`;
		case "object":
			return objectOf(schema);
		default:
			return schema.type ?? "unknown";
	}
}

function objectOf(schema) {
	if (!schema.properties) return `Record<string, ${typeof schema.additionalProperties === "object" ? typeOf(schema.additionalProperties) : "unknown"}>`;
	const members = Object.entries(schema.properties).map(([name, member]) => {
		const isThere = schema.required?.includes(name);
		return `\n\t/** ${member.description ?? ""} */\n\t${name}${isThere ? "" : "?"}: ${typeOf(member)};`;
	});
	return `{${members.join("")}\n}`;
}

export function writeTypes() {
	const { components } = JSON.parse(readFileSync(new URL("../../../schema/api.json", here), "utf8"));
	const types = Object.entries(components.schemas).map(
		([name, schema]) => `/** ${schema.description ?? ""} */\nexport type ${name} = ${typeOf(schema)};\n`,
	);
	const text = `/* Made by types.mjs from schema/api.json. */\n${types.join("")}`;
	mkdirSync(new URL("generated/", here), { recursive: true });
	writeFileSync(new URL("generated/api.ts", here), text);
}
