// Progress of a run's attacks, from their folders: outcomes so far, or the summary.
using RobustTickets.Attacks;

namespace RobustTickets.Runs.Live;

/// <summary>Watches one attack; used from one thread at a time.</summary>
/// <param name="folder">Folder of the attack.</param>
/// <param name="name">Name of the attack.</param>
internal sealed class AttackWatch(string folder, string name)
{
    private const int IdsBytes = 64 << 20;

    private readonly LineCounter _examples = new(Path.Combine(folder, AttackFiles.Examples));
    private readonly LineCounter _ids = new(Path.Combine(folder, "ids.txt"), IdsBytes);
    private readonly KnownFile<Summary> _summary = new(Path.Combine(folder, AttackFiles.Summary), Read);

    private sealed record Summary(int? Examples, double? Clean, double? Aua, double? Success, double? Queries);

    /// <summary>The current state.</summary>
    public AttackLine Look()
    {
        var active = FolderWriter.Of(folder).State == WriterState.Alive;
        try
        {
            var (done, total, summary) = ((int)_examples.Count(), (int)_ids.Count(), _summary.Value);
            return new AttackLine(
                name,
                summary?.Examples ?? done,
                total > 0 ? total : summary?.Examples,
                summary is not null,
                active,
                summary?.Clean,
                summary?.Aua,
                summary?.Success,
                summary?.Queries
            );
        }
        catch (Exception e) when (e is DataException or IOException or UnauthorizedAccessException)
        {
            return new AttackLine(name, 0, null, Finished: false, active, null, null, null, null, e.Message);
        }
    }

    private static Summary Read(string file)
    {
        using var json = GuardedJson.Parse(Path.GetFileName(file), File.ReadAllBytes(file));
        var root = json.RootElement;
        double? Number(string name) =>
            root.Member(name) is { ValueKind: System.Text.Json.JsonValueKind.Number } value
                ? ThinSeries.Finite(value.GetDouble())
                : null;
        return new Summary(
            root.Member("examples")?.Integer(),
            Number("clean"),
            Number("aua"),
            Number("suc"),
            Number("queries_asked")
        );
    }

    // Counts line ends; each byte is read once.
    private sealed class LineCounter(string path, long most = long.MaxValue)
    {
        private long _offset;
        private long _lines;

        public long Count()
        {
            if (!File.Exists(path))
                return 0;
            using var file = new FileStream(
                path,
                FileMode.Open,
                FileAccess.Read,
                FileShare.ReadWrite | FileShare.Delete
            );
            if (file.Length < _offset)
                (_offset, _lines) = (0, 0);
            file.Position = _offset;
            var buffer = new byte[1 << 16];
            int read;
            while (_offset < most && (read = file.Read(buffer)) > 0)
            {
                _offset += read;
                _lines += buffer.AsSpan(0, read).Count((byte)'\n');
            }
            return _lines;
        }
    }
}
