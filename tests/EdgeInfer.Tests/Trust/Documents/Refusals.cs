using EdgeInfer.Diagnostics;

namespace EdgeInfer.Tests.Trust;

/// <summary>What is refused has to be refused with its code.</summary>
internal static class Refusals
{
    public static UpdateException Throws(UpdateCode code, Action act)
    {
        UpdateException e = Assert.Throws<UpdateException>(act);
        Assert.True(code == e.Code, $"{e.Code} in place of {code}: {e.Message}");
        return e;
    }

    public static async Task<UpdateException> ThrowsAsync(UpdateCode code, Func<Task> act)
    {
        UpdateException e = await Assert.ThrowsAsync<UpdateException>(act);
        Assert.True(code == e.Code, $"{e.Code} in place of {code}: {e.Message}");
        return e;
    }
}
