// Clients of a playground on this machine: answering times of /api/predict at 1, 20 and 200 of
// them, then the memory of the server over many requests. Prints Markdown.
using System.Diagnostics;
using System.Globalization;
using System.Text;

if (args is not [var link, ..] || !Uri.TryCreate(link, UriKind.Absolute, out var server) || !server.IsLoopback)
{
    Console.Error.WriteLine("usage: PlaygroundLoad http://127.0.0.1:PORT/ [REQUESTS [SECONDS-A-PART]]");
    return 2;
}
CultureInfo.CurrentCulture = CultureInfo.InvariantCulture;
var requests = args.Length > 1 ? int.Parse(args[1], CultureInfo.InvariantCulture) : 50_000;
var seconds = args.Length > 2 ? double.Parse(args[2], CultureInfo.InvariantCulture) : 300;
using var http = new HttpClient(new SocketsHttpHandler { MaxConnectionsPerServer = 256 }) { BaseAddress = server };

// The first answers compile code.
await Run(4, 200, seconds);
Console.WriteLine("| clients | requests | a second | median, ms | 95 %, ms | 99 %, ms | longest, ms | refused |");
Console.WriteLine("|---|---|---|---|---|---|---|---|");
foreach (var clients in new[] { 1, 20, 200 })
{
    var part = await Run(clients, Math.Min(requests, 200 * clients), seconds);
    Console.WriteLine(
        $"| {clients} | {part.Times.Count} | {part.Times.Count / part.Took.TotalSeconds:0} | {part.At(0.5):0.0} "
            + $"| {part.At(0.95):0.0} | {part.At(0.99):0.0} | {part.At(1):0.0} | {part.Refused} |"
    );
}
Console.WriteLine();
Console.WriteLine("| requests so far | resident, MiB |");
Console.WriteLine("|---|---|");
Console.WriteLine($"| 0 | {await Memory():0.0} |");
var all = Stopwatch.StartNew();
for (var done = 0; done < requests && all.Elapsed.TotalSeconds < seconds; )
{
    done += (await Run(20, Math.Min(requests / 10, requests - done), seconds - all.Elapsed.TotalSeconds)).Times.Count;
    Console.WriteLine($"| {done} | {await Memory():0.0} |");
}
return 0;

async Task<Part> Run(int clients, int count, double most)
{
    var part = new Part();
    var next = 0;
    var clock = Stopwatch.StartNew();
    await Task.WhenAll(Enumerable.Range(0, clients).Select(_ => Task.Run(Client)));
    part.Took = clock.Elapsed;
    return part;

    async Task Client()
    {
        for (int i; (i = Interlocked.Increment(ref next)) <= count && clock.Elapsed.TotalSeconds < most; )
        {
            // Texts differ, as those of people do.
            var text = $"A warm and quietly moving film, the {i} best of its year, but a little too long.";
            using var body = new StringContent($"{{\"text\": \"{text}\"}}", Encoding.UTF8, "application/json");
            var start = Stopwatch.GetTimestamp();
            using var answer = await http.PostAsync("/api/predict", body);
            await answer.Content.ReadAsByteArrayAsync();
            part.Add(Stopwatch.GetElapsedTime(start).TotalMilliseconds, answer.IsSuccessStatusCode);
        }
    }
}

async Task<double> Memory()
{
    const string Name = "robust_tickets_memory_bytes ";
    var line = (await http.GetStringAsync("/metrics"))
        .Split('\n')
        .Single(l => l.StartsWith(Name, StringComparison.Ordinal));
    return double.Parse(line[Name.Length..], CultureInfo.InvariantCulture) / (1 << 20);
}

/// <summary>What one part of the load saw.</summary>
internal sealed class Part
{
    private readonly Lock _gate = new();

    public List<double> Times { get; } = [];

    public int Refused { get; private set; }

    public TimeSpan Took { get; set; }

    public void Add(double milliseconds, bool answered)
    {
        lock (_gate)
        {
            Times.Add(milliseconds);
            Refused += answered ? 0 : 1;
        }
    }

    public double At(double share)
    {
        var ordered = Times.Order().ToList();
        return ordered.Count == 0 ? 0 : ordered[Math.Min(ordered.Count - 1, (int)(share * ordered.Count))];
    }
}
