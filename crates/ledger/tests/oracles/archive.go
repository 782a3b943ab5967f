// Checks a ledger archive with Go's sumdb/note and sumdb/tlog: nothing of ours.
//
//	archive FOLDER CLAIMS VKEY [FORGED]
//
// CLAIMS is a JSON file with what our implementation says: the root at every size, some proofs. FORGED is
// the index of a leaf whose hash was forged in its tile: the program then tells whether Go's tile reader
// takes it. It prints "ok" and the root; any disagreement ends it.
package main

import (
	"encoding/base64"
	"encoding/binary"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"log"
	"os"
	"path/filepath"
	"strconv"
	"strings"

	"golang.org/x/mod/sumdb/note"
	"golang.org/x/mod/sumdb/tlog"
)

type claims struct {
	Roots     []string
	Inclusion []struct {
		Index, Size int64
		Proof       []string
	}
	Consistency []struct {
		Old, New int64
		Proof    []string
	}
}

func main() {
	log.SetFlags(0)
	folder, claimed, vkey := os.Args[1], os.Args[2], os.Args[3]
	size, root := openCheckpoint(folder, vkey)
	if len(os.Args) > 4 {
		forged, err := strconv.ParseInt(os.Args[4], 10, 64)
		check(err)
		reader := tlog.TileHashReader(tlog.Tree{N: size, Hash: root}, tiles{folder})
		hashes, err := reader.ReadHashes([]int64{tlog.StoredHashIndex(0, forged)})
		if err != nil {
			fmt.Println("refused", err)
		} else {
			fmt.Println("fooled", hex.EncodeToString(hashes[0][:]))
		}
		return
	}
	var stored []tlog.Hash
	reader := tlog.HashReaderFunc(func(indexes []int64) ([]tlog.Hash, error) {
		var found []tlog.Hash
		for _, index := range indexes {
			found = append(found, stored[index])
		}
		return found, nil
	})
	entries := readEntries(folder, size)
	for n, entry := range entries {
		added, err := tlog.StoredHashes(int64(n), entry, reader)
		check(err)
		stored = append(stored, added...)
	}
	found, err := tlog.TreeHash(size, reader)
	check(err)
	if found != root {
		log.Fatalf("the entries lead to %v, signed is %v", found, root)
	}
	checkTiles(folder, size, reader)
	checkProofs(claimed, entries, reader)
	fmt.Println("ok", hex.EncodeToString(root[:]))
}

func openCheckpoint(folder, vkey string) (int64, tlog.Hash) {
	verifier, err := note.NewVerifier(vkey)
	check(err)
	opened, err := note.Open(read(folder, "checkpoint"), note.VerifierList(verifier))
	check(err)
	lines := strings.Split(opened.Text, "\n")
	if len(lines) != 4 || lines[0] != verifier.Name() {
		log.Fatalf("not a checkpoint of %s", verifier.Name())
	}
	size, err := strconv.ParseInt(lines[1], 10, 64)
	check(err)
	root, err := tlog.ParseHash(lines[2])
	check(err)
	return size, root
}

func readEntries(folder string, size int64) [][]byte {
	var entries [][]byte
	for index := int64(0); index*256 < size; index++ {
		width := size - index*256
		if width > 256 {
			width = 256
		}
		path := tlog.Tile{H: 8, L: -1, N: index, W: int(width)}.Path()
		data := read(folder, strings.Replace(path, "tile/8/data/", "tile/entries/", 1))
		for n := int64(0); n < width; n++ {
			length := int(binary.BigEndian.Uint16(data))
			entries = append(entries, data[2:2+length])
			data = data[2+length:]
		}
		if len(data) > 0 {
			log.Fatalf("bundle %d goes on", index)
		}
	}
	return entries
}

func checkTiles(folder string, size int64, reader tlog.HashReader) {
	for _, tile := range tlog.NewTiles(8, 0, size) {
		// NewTiles also lists the narrower tiles of earlier sizes, which an archive need not have.
		if hashes := size >> uint(8*tile.L); tile.W < 256 && tile.N*256+int64(tile.W) != hashes {
			continue
		}
		data, err := tlog.ReadTileData(tile, reader)
		check(err)
		if string(data) != string(read(folder, tilePath(tile))) {
			log.Fatalf("%s differs", tilePath(tile))
		}
	}
}

func checkProofs(path string, entries [][]byte, reader tlog.HashReader) {
	data, err := os.ReadFile(path)
	check(err)
	var all claims
	check(json.Unmarshal(data, &all))
	root := func(size int64) tlog.Hash { return parse(all.Roots[size]) }
	for _, claim := range all.Inclusion {
		leaf := tlog.RecordHash(entries[claim.Index])
		check(tlog.CheckRecord(parseAll(claim.Proof), claim.Size, root(claim.Size), claim.Index, leaf))
	}
	for _, claim := range all.Consistency {
		check(tlog.CheckTree(parseAll(claim.Proof), claim.New, root(claim.New), claim.Old, root(claim.Old)))
	}
	for size := int64(1); size < int64(len(all.Roots)); size++ {
		found, err := tlog.TreeHash(size, reader)
		check(err)
		if found != root(size) {
			log.Fatalf("root at %d differs", size)
		}
	}
}

type tiles struct{ folder string }

func (t tiles) Height() int { return 8 }

func (t tiles) ReadTiles(wanted []tlog.Tile) ([][]byte, error) {
	var data [][]byte
	for _, tile := range wanted {
		data = append(data, read(t.folder, tilePath(tile)))
	}
	return data, nil
}

func (t tiles) SaveTiles([]tlog.Tile, [][]byte) {}

func tilePath(tile tlog.Tile) string { return strings.Replace(tile.Path(), "tile/8/", "tile/", 1) }

func parse(text string) tlog.Hash {
	bytes, err := hex.DecodeString(text)
	check(err)
	hash, err := tlog.ParseHash(base64.StdEncoding.EncodeToString(bytes))
	check(err)
	return hash
}

func parseAll(texts []string) []tlog.Hash {
	var hashes []tlog.Hash
	for _, text := range texts {
		hashes = append(hashes, parse(text))
	}
	return hashes
}

func read(folder, path string) []byte {
	data, err := os.ReadFile(filepath.Join(folder, filepath.FromSlash(path)))
	check(err)
	return data
}

func check(err error) {
	if err != nil {
		log.Fatal(err)
	}
}
