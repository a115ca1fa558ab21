// Verifies a log of ours with golang.org/x/mod/sumdb (note, tlog) alone: go run ledger_go.go DIR
//
// The checkpoint's signature, every entry against the tiles that the tree authenticates, the consistency of the tree with
// older sizes, and DIR.tlog-proof. What must fail is tried too: with another entry, another size, another key.
package main

import (
	"bytes"
	"encoding/base64"
	"encoding/binary"
	"fmt"
	"log"
	"os"
	"path/filepath"
	"strconv"
	"strings"

	"golang.org/x/mod/sumdb/note"
	"golang.org/x/mod/sumdb/tlog"
)

const height = 8

// tiles reads tiles where C2SP tlog-tiles has them: the path of tlog without its "tile/8/".
type tiles struct{ dir string }

func (t tiles) Height() int { return height }

func (t tiles) SaveTiles([]tlog.Tile, [][]byte) {}

func (t tiles) path(tile tlog.Tile) string {
	return filepath.Join(t.dir, "tile", strings.TrimPrefix(strings.Replace(tile.Path(), "/data/", "/entries/", 1), "tile/8/"))
}

func (t tiles) ReadTiles(list []tlog.Tile) ([][]byte, error) {
	var data [][]byte
	for _, tile := range list {
		bytes, err := os.ReadFile(t.path(tile))
		if err != nil {
			return nil, err
		}
		if parsed, err := tlog.ParseTilePath(tile.Path()); err != nil || parsed != tile {
			return nil, fmt.Errorf("%s: is not a tile's path", tile.Path())
		}
		data = append(data, bytes)
	}
	return data, nil
}

func check(what string, err error) {
	if err != nil {
		log.Fatalf("%s: %v", what, err)
	}
}

func mustFail(what string, err error) {
	if err == nil {
		log.Fatalf("%s: was believed", what)
	}
}

// open verifies a checkpoint and reads its tree.
func open(data []byte, vkey string) tlog.Tree {
	verifier, err := note.NewVerifier(vkey)
	check("key", err)
	signed, err := note.Open(data, note.VerifierList(verifier))
	check("checkpoint", err)
	_, err = note.Open(bytes.Replace(data, []byte("\n"), []byte("x\n"), 1), note.VerifierList(verifier))
	mustFail("a checkpoint of another name", err)
	lines := strings.Split(signed.Text, "\n")
	if len(lines) != 4 || lines[0] != verifier.Name() {
		log.Fatalf("checkpoint: %q is not three lines of this log", signed.Text)
	}
	size, err := strconv.ParseInt(lines[1], 10, 64)
	check("size", err)
	root, err := tlog.ParseHash(lines[2])
	check("root", err)
	return tlog.Tree{N: size, Hash: root}
}

// entries reads the bundles of a tree.
func entries(dir string, size int64) [][]byte {
	var list [][]byte
	for n := int64(0); n<<height < size; n++ {
		width := size - n<<height
		if width > 1<<height {
			width = 1 << height
		}
		data, err := os.ReadFile(tiles{dir}.path(tlog.Tile{H: height, L: -1, N: n, W: int(width)}))
		check("entries", err)
		for len(data) >= 2 && len(data) >= 2+int(binary.BigEndian.Uint16(data)) {
			length := 2 + int(binary.BigEndian.Uint16(data))
			list = append(list, data[2:length])
			data = data[length:]
		}
		if len(data) > 0 {
			log.Fatalf("entries %d: %d bytes are left over", n, len(data))
		}
	}
	if int64(len(list)) != size {
		log.Fatalf("entries: %d, and the tree has %d", len(list), size)
	}
	return list
}

// proof verifies a file of tlog-proof.
func proof(data, entry []byte, vkey string) {
	head, checkpoint, found := bytes.Cut(data, []byte("\n\n"))
	lines := strings.Split(string(head), "\n")
	if !found || len(lines) < 2 || lines[0] != "c2sp.org/tlog-proof@v1" {
		log.Fatal("proof: is none")
	}
	index, err := strconv.ParseInt(strings.TrimPrefix(lines[1], "index "), 10, 64)
	check("proof", err)
	var path tlog.RecordProof
	for _, line := range lines[2:] {
		raw, err := base64.StdEncoding.DecodeString(line)
		check("proof", err)
		var hash tlog.Hash
		copy(hash[:], raw)
		path = append(path, hash)
	}
	tree := open(checkpoint, vkey)
	check("proof", tlog.CheckRecord(path, tree.N, tree.Hash, index, tlog.RecordHash(entry)))
	mustFail("a proof of another entry", tlog.CheckRecord(path, tree.N, tree.Hash, index, tlog.RecordHash(append(entry, 'x'))))
}

func main() {
	log.SetFlags(0)
	dir := os.Args[1]
	read := func(path string) []byte {
		data, err := os.ReadFile(path)
		check("file", err)
		return data
	}
	vkey := string(read(dir + ".vkey"))
	tree := open(read(filepath.Join(dir, "checkpoint")), vkey)
	reader := tlog.TileHashReader(tree, tiles{dir})
	list := entries(dir, tree.N)
	for first := 0; first < len(list); first += 1000 {
		var indexes []int64
		for i := first; i < len(list) && i < first+1000; i++ {
			indexes = append(indexes, tlog.StoredHashIndex(0, int64(i)))
		}
		hashes, err := reader.ReadHashes(indexes)
		check("tiles", err)
		for i, hash := range hashes {
			if hash != tlog.RecordHash(list[first+i]) {
				log.Fatalf("entry %d: is not the one whose hash is in the tiles", first+i)
			}
		}
	}
	for size := int64(1); size <= tree.N; size = size*2 + 1 {
		root, err := tlog.TreeHash(size, reader)
		check("older tree", err)
		grown, err := tlog.ProveTree(tree.N, size, reader)
		check("older tree", err)
		check("older tree", tlog.CheckTree(grown, tree.N, tree.Hash, size, root))
		if size < tree.N {
			mustFail("another older tree", tlog.CheckTree(grown, tree.N, tree.Hash, size, tlog.Hash{}))
		}
		path, err := tlog.ProveRecord(tree.N, size-1, reader)
		check("record", err)
		check("record", tlog.CheckRecord(path, tree.N, tree.Hash, size-1, tlog.RecordHash(list[size-1])))
		mustFail("another record", tlog.CheckRecord(path, tree.N, tree.Hash, size-1, tlog.RecordHash(append(list[size-1], 0))))
	}
	if tree.N > 0 {
		proof(read(dir+".tlog-proof"), read(dir+".entry"), vkey)
	}
	fmt.Printf("%d entries in order\n", tree.N)
}
