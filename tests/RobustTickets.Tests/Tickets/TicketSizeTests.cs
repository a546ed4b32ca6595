using RobustTickets.Checkpoints;
using RobustTickets.Tests.Checkpoints;
using RobustTickets.Tickets.Files;
using Xunit;

namespace RobustTickets.Tests.Tickets;

public sealed class TicketSizeTests : IDisposable
{
    private readonly TemporaryFolder folder = new();

    public void Dispose() => folder.Dispose();

    [Theory]
    [InlineData("2000000000")]
    [InlineData("-1")]
    public void A_layer_of_more_heads_than_any_model_has_is_no_ticket(string heads)
    {
        var ticket = "{\"kind\":\"structured\",\"heads\":[" + heads + "],\"neurons\":[4],\"heads_kept\":[[0]],";
        folder.Write("ticket.json", ticket + "\"neurons_kept\":[[1]]}");
        var refused = Assert.Throws<CheckpointException>(() => TicketFolder.Read(folder.Path));
        Assert.Contains("is not a ticket", refused.Message, StringComparison.Ordinal);
        Assert.Contains($"{heads} heads", refused.Message, StringComparison.Ordinal);
    }
}
