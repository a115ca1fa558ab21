/* Made by world.mjs when the page is built. */
declare module "world" {
	export const width: number;
	export const height: number;
	export const outline: string;
	export const centres: Record<string, [number, number]>;
}
